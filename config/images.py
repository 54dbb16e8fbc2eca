"""Pictures that people send: what is taken, and what is made of it.

Nothing of the file itself is kept: neither its name nor where and by whom it was taken.
"""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers
from rest_framework.parsers import MultiPartParser

if TYPE_CHECKING:
    from PIL.Image import Image

THUMBNAIL_SIDE = 400
# What a form around a picture may hold beside it.
REST_OF_FORM = 512 * 1024


class Picture:
    """A picture that was read, and the files that are made of it."""

    def __init__(self, image: "Image") -> None:
        self._image = image

    def full(self) -> ContentFile:
        return self._file(max(self._image.size))

    def thumbnail(self) -> ContentFile:
        return self._file(THUMBNAIL_SIDE)

    def _file(self, longest_side: int) -> ContentFile:
        from config import decoding

        # Storages make names of their own, and keep the ending.
        return ContentFile(decoding.jpeg(self._image, longest_side), name="picture.jpg")


class PictureField(serializers.FileField):
    """A file that must be a picture, of bounded size; gives a Picture."""

    default_error_messages = {
        "too_large": _("The file is too large: at most {megabytes} MB."),
        "too_many_pixels": _("The picture is too large: at most {megapixels} megapixels."),
        "unreadable": _("This is no whole picture in JPEG, PNG, WebP, HEIC or GIF."),
    }

    def to_internal_value(self, data: Any) -> Picture:  # type: ignore[override]  # not a File
        from config import decoding

        file: Any = super().to_internal_value(data)
        if file.size > settings.PICTURE_MAX_BYTES:
            self.fail("too_large", megabytes=settings.PICTURE_MAX_BYTES // 1024**2)
        try:
            return Picture(decoding.shrink(file))
        except decoding.TooManyPixels as error:
            self.fail("too_many_pixels", megapixels=error.limit // 1_000_000)
        except decoding.Unreadable:
            self.fail("unreadable")


class PictureParser(MultiPartParser):
    """A form with a picture; a body too long for one is refused before it is read.

    Django puts the file on the disk in pieces.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        length = parser_context["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > settings.PICTURE_MAX_BYTES + REST_OF_FORM:
            raise RequestDataTooBig
        try:
            return super().parse(stream, media_type, parser_context)
        except RequestDataTooBig:
            raise
        except SuspiciousOperation as error:  # too many fields or files
            raise exceptions.ParseError from error

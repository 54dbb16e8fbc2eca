"""Reads pictures that people send, whatever they hold, and writes small ones anew.

Apart from config.images, so that Pillow is loaded by the first picture and not by each start.
"""

import fcntl
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pillow_heif
from django.conf import settings
from PIL import Image, ImageCms, ImageOps

logger = logging.getLogger(__name__)

# By what the file is, whatever it is called; of one that moves, the first picture counts.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF")
LONGEST_SIDE = 2048
QUALITY = 82
# Each goes over all pixels once more; cameras write about ten, and 15 MB could hold thousands.
MAX_SCANS = 100
START_OF_SCAN = b"\xff\xda"
SRGB = ImageCms.createProfile("sRGB")

pillow_heif.register_heif_opener(
    thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
)


class Unreadable(Exception):
    """No picture of a kind that we take, or a broken one."""


class TooManyPixels(Exception):
    """More than `limit`, as its header says."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


def shrink(file: BinaryIO) -> Image.Image:
    """The picture upright, in RGB and no larger than LONGEST_SIDE.

    How large it is, its header tells before anything is decoded.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            _check_pixels(image)
            if image.format in ("JPEG", "MPO"):
                _check_scans(file)
            with _our_turn():
                return _shrunk(image)
    except TooManyPixels:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(settings.PICTURE_MAX_PIXELS) from error
    except Exception as error:  # decoders break in many ways, and all are the file's fault
        logger.info("A picture could not be read: %s.", type(error).__name__)
        raise Unreadable from error


def jpeg(image: Image.Image, longest_side: int) -> bytes:
    """A picture of `shrink` as a file that holds nothing but its pixels."""
    small = image.copy()
    small.thumbnail((longest_side, longest_side))
    small.info.clear()
    out = BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _check_pixels(image: Image.Image) -> None:
    """A WebP may have half as many: its decoder takes twice the memory of the others."""
    limit = settings.PICTURE_MAX_PIXELS // (2 if image.format == "WEBP" else 1)
    if image.width * image.height > limit:
        raise TooManyPixels(limit)


def _check_scans(file: BinaryIO) -> None:
    file.seek(0)
    chunks = iter(lambda: file.read(1024 * 1024), b"")
    if sum(chunk.count(START_OF_SCAN) for chunk in chunks) > MAX_SCANS:
        raise Unreadable
    file.seek(0)


@contextmanager
def _our_turn() -> Iterator[None]:
    """Decode one picture at a time in each container: a large one takes a third of its memory.

    It is not slower, since a container has half a processor.
    """
    gate = Path(tempfile.gettempdir()) / f"mutirao-{os.getuid()}-pictures"
    with gate.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _shrunk(image: Image.Image) -> Image.Image:
    small = _of_simple_mode(image)
    # For a JPEG this decodes no more than it needs.
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small.load()
    ImageOps.exif_transpose(small, in_place=True)
    return _in_srgb(_on_white(small))


def _of_simple_mode(image: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged."""
    if image.mode.startswith("I"):
        image.info.pop("transparency", None)  # in 16 bits, which no other mode knows
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data and image.mode not in ("RGBA", "LA"):
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("1", "P") else image


def _on_white(image: Image.Image) -> Image.Image:
    """What shines through is white, and not whatever colour lies hidden there."""
    if not image.has_transparency_data:
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image.convert("RGB"), mask=image.getchannel("A"))
    paper.info = image.info
    return paper


def _in_srgb(image: Image.Image) -> Image.Image:
    """In the colours that every screen takes for granted; phones and printers have others."""
    if profile := image.info.get("icc_profile"):
        with suppress(ImageCms.PyCMSError):  # of another mode, or broken
            shown = ImageCms.profileToProfile(image, BytesIO(profile), SRGB, outputMode="RGB")
            return shown or image
    return image.convert("RGB")

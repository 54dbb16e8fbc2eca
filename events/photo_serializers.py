"""The shape of photos in JSON, and of what clients send about them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.api import LineField, ModelSerializer
from config.images import PictureField
from events.models import EventPhoto, PhotoFlag
from events.serializers import LARGEST_ID


class PhotoSerializer(ModelSerializer):
    """A photo with addresses that open its files for an hour."""

    class Meta:
        model = EventPhoto
        fields = (
            "id",
            "event",
            "uploader",
            "image",
            "thumbnail",
            "caption",
            "stage",
            "pair_with",
            "status",
            "created_at",
        )
        read_only_fields = tuple(name for name in fields if name != "caption")


class NewPhotoSerializer(serializers.Serializer[Any]):
    """A photo to add, as a form."""

    photo = PictureField()
    stage = serializers.ChoiceField(EventPhoto.Stage.choices)
    caption = LineField(max_length=300, required=False, allow_blank=True, default="")
    pair_with = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=LARGEST_ID,
        help_text="Of a photo from afterwards: the one that shows the same place before.",
    )
    people_agreed = serializers.BooleanField(
        help_text="Must be true: nobody is shown who is under age or refused photos."
    )

    def validate_people_agreed(self, agreed: bool) -> bool:
        if not agreed:
            text = _("Confirm that nobody is shown who is under age or refused photos.")
            raise serializers.ValidationError(text, "people_agreed")
        return agreed


class PhotoFlagSerializer(serializers.Serializer[Any]):
    """Why a photo should not be shown."""

    reason = serializers.ChoiceField(PhotoFlag.Reason.choices)
    note = LineField(max_length=500, required=False, allow_blank=True, default="")

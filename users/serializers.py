"""The shape of people and their sign-ins in JSON."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from config.api import ModelSerializer
from config.images import PictureField
from config.places import check_place
from users.fields import AddressField, PasswordField, PhoneField
from users.models import DataExport, TokenFamily, User
from users.services import accounts

PROFILE: tuple[str, ...] = (
    "email",
    "first_name",
    "last_name",
    "phone",
    "bio",
    "city",
    "latitude",
    "longitude",
    "travel_radius_km",
    "language",
    "birth_date",
    "is_public",
    "refuses_photos",
    "avatar",
    "in_leaderboard",
)


class ProfileSerializer(ModelSerializer):
    """What a person sees and says of themselves."""

    phone = PhoneField(required=False, allow_blank=True, max_length=40)

    class Meta:
        model = User
        fields = PROFILE
        read_only_fields: tuple[str, ...] = ("email", "avatar")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "latitude" in attrs or "longitude" in attrs:
            place = {
                name: attrs.get(name, getattr(self.instance, name, None))
                for name in ("latitude", "longitude")
            }
            check_place(**place)
            # Both are written, so that two requests cannot leave half of each.
            attrs |= place
        return attrs

    def update(self, instance: User, validated_data: dict[str, Any]) -> User:
        return accounts.change_profile(instance, validated_data)


class UserSerializer(ProfileSerializer):
    """A person, as they see themselves after signing up."""

    class Meta(ProfileSerializer.Meta):
        fields = ("id", *PROFILE)


class RegisterSerializer(ProfileSerializer):
    """What a new account is made of."""

    email = AddressField(validators=[UniqueValidator(User.objects.all(), accounts.EMAIL_TAKEN)])
    password = PasswordField()

    class Meta(ProfileSerializer.Meta):
        fields = ("password", *PROFILE)
        read_only_fields = ("avatar",)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = {name: attrs.get(name, "") for name in ("email", "first_name", "last_name")}
        try:
            validate_password(attrs["password"], User(**names))
        except ValidationError as error:
            raise serializers.ValidationError(
                {"password": serializers.as_serializer_error(error)["non_field_errors"]}
            ) from error
        return super().validate(attrs)


class PublicProfileSerializer(ModelSerializer):
    """What everyone may know of a person who agreed to it."""

    hours = serializers.FloatField(read_only=True)

    class Meta:
        model = User
        fields = ("id", "first_name", "last_name", "bio", "city", "avatar", "joined_at", "hours")


class AvatarSerializer(serializers.Serializer[Any]):
    """One's picture, as a form."""

    avatar = PictureField()


class SessionSerializer(ModelSerializer):
    """A sign-in as its owner sees it; nothing here lets anyone sign in."""

    last_used_at = serializers.DateTimeField(source="rotated_at", read_only=True)
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = TokenFamily
        fields = (
            "id",
            "user_agent",
            "address",
            "created_at",
            "last_used_at",
            "expires_at",
            "is_current",
        )

    def get_is_current(self, family: TokenFamily) -> bool:
        claims = self.context["request"].auth
        return claims is not None and claims["family"] == str(family.pk)


class DataExportSerializer(ModelSerializer):
    """How far a copy of one's data is, and where it is once it is there."""

    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = DataExport
        fields = ("status", "requested_at", "ready_at", "expires_at", "url")

    def get_url(self, export: DataExport) -> str | None:
        return export.file.url if export.status == DataExport.Status.READY else None

"""The shape of what clients send to commands, and of the tokens they get."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from users.fields import AddressField, PasswordField
from users.models import NotificationPreference
from users.services.preferences import ALWAYS_SENT

LONGEST_TOKEN = 2048


class TokenField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TOKEN, **kwargs)


class CredentialsSerializer(serializers.Serializer):
    email = AddressField()
    password = PasswordField()


class AddressSerializer(serializers.Serializer):
    email = AddressField()


class TokenSerializer(serializers.Serializer):
    token = TokenField()


class RefreshSerializer(serializers.Serializer):
    refresh = TokenField()


class PairSerializer(serializers.Serializer):
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class EmailChangeSerializer(serializers.Serializer):
    email = AddressField()
    current_password = PasswordField()


class NewPasswordSerializer(serializers.Serializer):
    token = TokenField()
    new_password = PasswordField()


class PasswordChangeSerializer(serializers.Serializer):
    current_password = PasswordField()
    new_password = PasswordField()


class SentSerializer(serializers.Serializer):
    """What comes next; the same for known and unknown addresses."""

    detail = serializers.CharField(read_only=True)


class KnownOnly(serializers.Serializer):
    """Refuses a name that it does not know: what was meant by it would silently not happen."""

    default_error_messages = {"unknown": _("There is no such kind or channel.")}

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(self.fields)):
            detail = ErrorDetail(str(self.error_messages["unknown"]), "unknown")
            raise serializers.ValidationError({name: [detail] for name in unknown})
        return known


class ChannelsSerializer(KnownOnly):
    """By which channels a kind of message comes."""

    default_error_messages = {"empty": _("Name at least one channel.")}

    email = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, bool]) -> dict[str, bool]:
        if not attrs:
            self.fail("empty")
        return attrs


class WishesSerializer(KnownOnly):
    """Which kinds of messages come, by channel."""

    def get_fields(self) -> dict[str, serializers.Field]:
        kinds = (*NotificationPreference.Kind.values, *ALWAYS_SENT)
        return {kind: ChannelsSerializer(required=False) for kind in kinds}


class ErasureSerializer(serializers.Serializer):
    """The proof that it is oneself: the password, or the token of a fresh sign-in link."""

    default_error_messages = {"proof": _("Give the current password or the token of a link.")}

    current_password = PasswordField(required=False)
    token = TokenField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            self.fail("proof")
        return attrs

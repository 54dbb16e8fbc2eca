"""The shape of leads in JSON."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.api import LineField, ModelSerializer, TextField, UtcDateTimeField
from leads import places
from leads.models import (
    Lead,
    LeadClaim,
    LeadConsent,
    LeadIdentity,
    LeadMerge,
    LeadNote,
    LeadStageChange,
    LeadSubmission,
)
from leads.services import identities
from users.fields import AddressField
from users.models import User


class PhoneField(LineField):
    """A telephone number from anywhere; one without a country code is Brazilian."""

    def to_internal_value(self, value: Any) -> str:
        text = super().to_internal_value(value)
        try:
            return identities.normalize(LeadIdentity.Kind.PHONE, text) if text else ""
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, error.code) from error


class UtmField(LineField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=100, required=False, allow_blank=True, **kwargs)


class NewLeadSerializer(serializers.Serializer[Any]):
    """A form: who writes, by what they can be reached, and what they agree to."""

    default_error_messages = {"contact": _("Give an e-mail or a phone.")}

    name = LineField(max_length=150)
    email = AddressField(required=False)
    phone = PhoneField(max_length=40, required=False)
    message = TextField(max_length=4000, required=False, allow_blank=True)
    city = LineField(max_length=120, required=False, allow_blank=True)
    language = serializers.ChoiceField(User.Language.choices, required=False)
    source = LineField(max_length=80, default="form")  # type: ignore[assignment]
    utm_source = UtmField()
    utm_medium = UtmField()
    utm_campaign = UtmField()
    utm_term = UtmField()
    utm_content = UtmField()
    consent_text = TextField(max_length=4000, help_text="The words that the form showed.")
    consent_version = LineField(max_length=40)
    accepts_messages = serializers.BooleanField(
        default=False, help_text="Whether they also agreed to be written to unasked."
    )
    website = LineField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Leave it empty and hidden: only programs fill it in.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("email") and not attrs.get("phone"):
            self.fail("contact")
        return attrs


class LeadSerializer(ModelSerializer):
    """A lead in a list, without what only its page shows: contact data and messages."""

    class Meta:
        model = Lead
        fields: tuple[str, ...] = (
            "id",
            "name",
            "city",
            "state",
            "time_zone",
            "language",
            "source",
            "stage",
            "stage_changed_at",
            "lost_reason",
            "tags",
            "assigned_to",
            "user",
            "merged_into",
            "opted_out_at",
            "last_inbound_at",
            "created_at",
        )
        read_only_fields = fields


class IdentitySerializer(ModelSerializer):
    value = serializers.CharField(read_only=True)

    class Meta:
        model = LeadIdentity
        fields = ("id", "kind", "value", "proof", "proven_at", "created_at")
        read_only_fields = fields


class ClaimSerializer(ModelSerializer):
    value = serializers.CharField(read_only=True)

    class Meta:
        model = LeadClaim
        fields = ("id", "kind", "value", "confirmed_at", "created_at")
        read_only_fields = fields


class ConsentSerializer(ModelSerializer):
    class Meta:
        model = LeadConsent
        fields = ("id", "purpose", "is_given", "text", "version", "channel", "recorded_at")
        read_only_fields = fields


class SubmissionSerializer(ModelSerializer):
    typed = serializers.DictField(source="fields", child=serializers.CharField(), read_only=True)

    class Meta:
        model = LeadSubmission
        fields = ("id", "typed", "source", "utm", "submitted_at")
        read_only_fields = fields


class LeadPageSerializer(LeadSerializer):
    """All about a lead but the conversations."""

    identities = IdentitySerializer(many=True, read_only=True)
    claims = ClaimSerializer(many=True, read_only=True)
    consents = ConsentSerializer(many=True, read_only=True)
    submissions = SubmissionSerializer(many=True, read_only=True)
    utm = serializers.DictField(child=serializers.CharField(), read_only=True)
    look_alikes = serializers.SerializerMethodField(
        help_text="Other leads that have, or are said to have, the same e-mail or phone."
    )

    class Meta(LeadSerializer.Meta):
        fields = (
            *LeadSerializer.Meta.fields,
            "utm",
            "identities",
            "claims",
            "consents",
            "submissions",
            "look_alikes",
        )
        read_only_fields = fields

    def get_look_alikes(self, lead: Lead) -> list[int]:
        return list(identities.look_alikes(lead).values_list("pk", flat=True))


class LeadEditSerializer(serializers.Serializer[Any]):
    """What of a lead may be changed; what is not named stays."""

    name = LineField(max_length=150, required=False, allow_blank=True)
    city = LineField(max_length=120, required=False, allow_blank=True)
    state = serializers.ChoiceField([*sorted(places.STATES), ""], required=False)
    language = serializers.ChoiceField(User.Language.choices, required=False)
    tags = serializers.ListField(
        child=LineField(max_length=40), max_length=20, min_length=0, required=False
    )

    def validate_tags(self, tags: list[str]) -> list[str]:
        return list(dict.fromkeys(tag.lower() for tag in tags))


class StaffField(serializers.PrimaryKeyRelatedField):
    """Somebody of the staff, or nobody."""

    def __init__(self, **kwargs: Any) -> None:
        people = User.objects.filter(is_staff=True, is_active=True)
        super().__init__(queryset=people, allow_null=True, **kwargs)


class AssignmentSerializer(serializers.Serializer[Any]):
    assigned_to = StaffField()


class StageSerializer(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(Lead.Stage.choices)
    reason = LineField(max_length=200, required=False, allow_blank=True, default="")


class StageChangeSerializer(ModelSerializer):
    class Meta:
        model = LeadStageChange
        fields = ("id", "old", "new", "reason", "changed_by", "changed_at")
        read_only_fields = fields


class NoteSerializer(ModelSerializer):
    text = TextField(max_length=4000)

    class Meta:
        model = LeadNote
        fields = ("id", "author", "text", "created_at")
        read_only_fields = ("id", "author", "created_at")


class OtherLeadSerializer(serializers.Serializer[Any]):
    """The lead that goes into this one, and how we know that they are one person."""

    other = serializers.PrimaryKeyRelatedField(queryset=Lead.objects.current())
    reason = LineField(max_length=200)


class MergeSerializer(ModelSerializer):
    class Meta:
        model = LeadMerge
        fields = ("id", "kept", "gone", "reason", "merged_by", "merged_at", "undone_at")
        read_only_fields = fields


class AccountSerializer(serializers.Serializer[Any]):
    """The account that a lead has by now."""

    user = serializers.IntegerField(read_only=True)


class LeadCopySerializer(serializers.Serializer[Any]):
    """All that is held about a lead, part by part."""

    exported_at = UtcDateTimeField(read_only=True)
    parts = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()), read_only=True
    )

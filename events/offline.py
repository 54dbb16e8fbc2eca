"""The shape of offline check-in in JSON."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.api import UtcDateTimeField
from events import check_in_lists
from events.models import CheckInScan, Event, EventParticipant
from events.serializers import LARGEST_ID
from events.services.syncing import CONFLICTS, Result, Scan

MAX_ITEMS = 500


class ListedParticipantSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    status = serializers.ChoiceField(EventParticipant.Status.choices)
    ticket_hash = serializers.CharField(help_text="SHA-256 of the code in the ticket, in hex.")
    checked_in_at = UtcDateTimeField(allow_null=True)
    checked_out_at = UtcDateTimeField(allow_null=True)
    waiver_missing = serializers.BooleanField()


class CheckInListSerializer(serializers.Serializer[Any]):
    """Who may come, as of `issued_at`; send `signature` back with what was scanned."""

    event = serializers.IntegerField()
    version = serializers.IntegerField()
    issued_at = UtcDateTimeField()
    participants = ListedParticipantSerializer(many=True)
    signature = serializers.CharField()


class SyncItemSerializer(serializers.Serializer[Any]):
    """One scan; says in exactly one way who it is."""

    default_error_messages: ClassVar = {"one_way": _("Say in exactly one way who it is.")}

    nonce = serializers.CharField(
        max_length=64, help_text="Made up for each scan: sent again, it changes nothing."
    )
    ticket_code = serializers.CharField(required=False, max_length=32)
    participant = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    direction = serializers.ChoiceField(CheckInScan.Direction.choices)
    happened_at = UtcDateTimeField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ticket_code" in attrs) == ("participant" in attrs):
            raise serializers.ValidationError(self.error_messages["one_way"], "one_way")
        return attrs


class SyncSerializer(serializers.Serializer[Any]):
    """A batch of scans, with the signature of the list that the device had."""

    default_error_messages: ClassVar = {
        "bad_signature": _("This is not the signature of a list of this event.")
    }

    signature = serializers.CharField(max_length=1000)
    items = SyncItemSerializer(many=True, max_length=MAX_ITEMS, allow_empty=False)  # type: ignore[call-arg]

    def validate_signature(self, signature: str) -> str:
        if not check_in_lists.is_ours(self.context["event"], signature):
            raise serializers.ValidationError(self.error_messages["bad_signature"], "bad_signature")
        return signature


class SyncResultSerializer(serializers.Serializer[Any]):
    """What became of one scan; `code` and `detail` tell why it conflicts."""

    nonce = serializers.CharField()
    result = serializers.ChoiceField(Result.choices)
    code = serializers.ChoiceField(list(CONFLICTS), allow_blank=True)
    detail = serializers.CharField(allow_blank=True)


class SyncedSerializer(serializers.Serializer[Any]):
    """The results of a batch, in the order of its items."""

    results = SyncResultSerializer(many=True)


def scans_of(event: Event, items: list[dict[str, Any]]) -> list[Scan]:
    """Look the people of a batch up by their tickets, all at once."""
    codes = [item["ticket_code"] for item in items if "ticket_code" in item]
    found = event.participants.filter(ticket_code__in=codes).values_list("ticket_code", "pk")
    by_code = dict(found)
    return [
        Scan(
            nonce=item["nonce"],
            participant=item.get("participant") or by_code.get(item["ticket_code"], 0),
            direction=item["direction"],
            happened_at=item["happened_at"],
        )
        for item in items
    ]

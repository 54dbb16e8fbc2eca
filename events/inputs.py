"""What the commands about events take."""

from typing import Any, ClassVar

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import Throttled

from config import limits
from config.api import LineField, TextField
from events import services
from events.models import Event
from events.serializers import LARGEST_ID
from events.services.series_edits import Scope
from users.models import User


class ReasonSerializer(serializers.Serializer[Any]):
    """Why; the people concerned are told."""

    reason = LineField(max_length=500)


class OptionalReasonSerializer(serializers.Serializer[Any]):
    reason = LineField(max_length=500, required=False, allow_blank=True, default="")


ONE_OR_ALL = [Scope.THIS.value, Scope.ALL.value]


class ScopeSerializer(serializers.Serializer[Any]):
    """Whether one event is meant, or all to come in its series."""

    scope = serializers.ChoiceField(
        ONE_OR_ALL, default=Scope.THIS, help_text="This event, or all of its series."
    )


class NewWaiverSerializer(ScopeSerializer):
    text = TextField(max_length=10_000)


class JoinSerializer(serializers.Serializer[Any]):
    accepts_waiver = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version of the event's waiver that was read, where there is one.",
    )


class HandOverSerializer(ScopeSerializer):
    """Who is to organize the event: somebody whose account is open."""

    default_error_messages: ClassVar = {"unknown": _("There is nobody with the id {id}.")}

    organizer = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)

    def validate_organizer(self, pk: int) -> User:
        person = User.objects.filter(pk=pk, is_active=True).first()
        if person is None:
            self.fail("unknown", id=pk)
        return person


class CheckOutSerializer(serializers.Serializer[Any]):
    """Says in exactly one way who it is; needs the event and the user who asks as context."""

    default_error_messages: ClassVar = {
        "one_way": _("Say in exactly one way who it is."),
        "unknown": _("Nobody here goes by this."),
        "wrong_code": _("This is not the code of this event."),
    }

    ticket_code = serializers.CharField(
        required=False, max_length=32, help_text="From the ticket; for organizers."
    )
    participant = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, help_text="For organizers."
    )
    venue_code = serializers.CharField(
        required=False, max_length=32, help_text="Read at the venue; for oneself."
    )
    nonce = serializers.CharField(
        required=False,
        max_length=64,
        default="",
        help_text="Made up for each scan: the same scan sent again changes nothing.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ways = attrs.keys() - {"nonce"}
        if len(ways) != 1:
            raise serializers.ValidationError(self.error_messages["one_way"], "one_way")
        [way] = ways
        return {**attrs, "person": self._person(way, attrs[way])}

    def _person(self, way: str, value: Any) -> User:
        if way == "venue_code":
            return self._oneself(value)
        person = self._find(way, value)
        if person is None:
            raise serializers.ValidationError({way: self._error("unknown")})
        return person

    def _oneself(self, code: str) -> User:
        event: Event = self.context["event"]
        if not constant_time_compare(code, event.venue_code):
            raise serializers.ValidationError({"venue_code": self._error("wrong_code")})
        return self.context["user"]

    def _find(self, way: str, value: Any) -> User | None:
        event: Event = self.context["event"]
        column = {"ticket_code": "ticket_code", "participant": "pk"}[way]
        place = event.participants.filter(**{column: value}).select_related("user").first()
        return place.user if place else None

    def _error(self, code: str) -> list[serializers.ErrorDetail]:
        return [serializers.ErrorDetail(str(self.error_messages[code]), code)]


class CheckInSerializer(CheckOutSerializer):
    """As for a check-out; organizers may also let in who is not signed up."""

    email = serializers.EmailField(
        required=False, help_text="A walk-up's account, for organizers: takes a free seat."
    )

    def _find(self, way: str, value: Any) -> User | None:
        if way == "email":
            return self._walk_up(value)
        return super()._find(way, value)

    def _walk_up(self, email: str) -> User | None:
        """Look an account up only where it could come in, and so often: addresses are no secret."""
        services.check_takes_people_in(self.context["event"])
        if wait := limits.hit("walk_up", str(self.context["user"].pk)):
            raise Throttled(wait)
        return User.objects.filter(email=email.lower(), is_active=True).first()

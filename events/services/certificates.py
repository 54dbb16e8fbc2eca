"""Certificates of participation: what the ledger says, for others to see."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events.models import Certificate, Event, EventParticipant

HELD = (Event.Status.FINISHED, Event.Status.ARCHIVED)


class EventNotFinished(DomainError):
    code = "event_not_finished"
    message = _("There are certificates once the event is over and its hours are counted.")


class NoHours(DomainError):
    code = "no_hours"
    message = _("No hours of this person are counted at this event.")


def certify(participant: EventParticipant) -> Certificate:
    """Give the certificate of the hours that count now; for the same hours always the same one."""
    if participant.event.status not in HELD:
        raise EventNotFinished
    hours = hours_of(participant)
    if hours <= 0:
        raise NoHours
    certificate, _created = Certificate.objects.get_or_create(participant=participant, hours=hours)
    certificate.participant = participant  # with what was read of it already
    return certificate


def holds(certificate: Certificate) -> bool:
    """Whether the ledger still says what the certificate says."""
    return hours_of(certificate.participant) == certificate.hours


def hours_of(participant: EventParticipant) -> Decimal:
    counted = EventParticipant.objects.with_hours().get(pk=participant.pk)
    return counted.hours  # type: ignore[attr-defined]  # annotated

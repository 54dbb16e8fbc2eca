"""What staff write to many leads at once: each gets one copy, if they agreed to be written to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, Count, Exists, OuterRef, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from leads import quiet
from leads.models import BulkMessage, SequenceStep
from leads.models.people import LeadQuerySet
from leads.services import brakes, consent
from users.models import User


class NobodyToWriteTo(DomainError):
    code = "nobody_to_write_to"
    message = _("None of these people can get this message.")


@dataclass(frozen=True)
class Reach:
    """How many of the chosen leads get it, and why the others do not; each counts once."""

    get_it: int
    opted_out: int
    no_consent: int
    no_address: int
    gone: int  # merged into another lead


def reachable(leads: LeadQuerySet, channel: str) -> LeadQuerySet:
    """The leads who get what is written to them on the channel."""
    return _marked(leads, channel).filter(has_agreed=True, has_address=True, merged_into=None)


def reach(leads: LeadQuerySet, channel: str) -> Reach:
    here, wants = Q(merged_into=None), Q(opted_out_at=None)
    agreed, address = Q(has_agreed=True), Q(has_address=True)
    numbers = _marked(leads, channel).aggregate(
        gone=Count("pk", filter=~here),
        opted_out=Count("pk", filter=here & ~wants),
        no_consent=Count("pk", filter=here & wants & ~agreed),
        no_address=Count("pk", filter=here & agreed & ~address),
        get_it=Count("pk", filter=here & agreed & address),
    )
    return Reach(**numbers)


@transaction.atomic
def write_to(
    leads: LeadQuerySet, *, channel: str, subject: str, text: str, by: User, token: UUID
) -> BulkMessage:
    """Plan a copy for each, at once or when their quiet hours end; the same token writes once.

    All rows are there with the commit; the minute's sweep sends them, at its own pace.
    """
    words = {"channel": channel, "subject": subject, "text": text, "written_by": by}
    bulk, is_new = BulkMessage.objects.get_or_create(token=token, defaults=words)
    if is_new and not _plan(bulk, leads):
        raise NobodyToWriteTo
    return bulk


def _plan(bulk: BulkMessage, leads: LeadQuerySet) -> int:
    """Plan all copies in one statement, however many they are; say how many."""
    now = timezone.now()
    zones = leads.order_by().values_list("time_zone", flat=True).distinct()
    opens = [When(time_zone=zone, then=Value(quiet.next_open(now, zone))) for zone in zones]
    due_at = Case(*opens, default=Value(now))
    rows = reachable(leads, bulk.channel).values_list(
        "pk", Value(bulk.pk), Value("planned"), due_at, Value(now), Value(0), Value("")
    )
    query, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_followup"
            f" (lead_id, bulk_id, status, due_at, touched_at, attempts, reason) {query}",
            parameters,
        )
        return cursor.rowcount


def _marked(leads: LeadQuerySet, channel: str) -> Any:
    """Annotate `has_agreed`, to be written to unasked, and `has_address`."""
    is_mail = channel == SequenceStep.Channel.EMAIL
    there = (brakes.proven_emails if is_mail else brakes.chats)(OuterRef("pk"))
    return leads.annotate(has_agreed=consent.agreed(), has_address=Exists(there))

"""What devices noted at the door while they had no network (docs/decisions/offline_check_in.md)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import caching
from events.models import CheckInScan, Event, EventParticipant
from events.services import hours, seats
from events.services.attendance import OPENS_BEFORE, check_takes_people_in
from users import services as users
from users.models import Contribution, User

Status = EventParticipant.Status
Direction = CheckInScan.Direction
Places = dict[int, EventParticipant]

CLOSES_AFTER = timedelta(hours=1)
OTHER_TIMES = _("A device that was offline noted other times.")
CONFLICTS = {
    "unknown": _("Nobody here goes by this."),
    "too_early": _("This is before check-in opened."),
    "too_late": _("This is after the end."),
    "in_future": _("This is in the future: send it again later."),
    "not_joined": _("This person has no seat: let them in at the door."),
    "event_full": _("No seats are left."),
    "not_checked_in": _("No arrival is known yet; this counts as soon as there is one."),
}


@dataclass(frozen=True)
class Scan:
    """What a device noted: who (0 if nobody goes by what it read), which way and when."""

    nonce: str
    participant: int
    direction: str
    happened_at: datetime

    @property
    def key(self) -> tuple[int, str, str]:
        return self.participant, self.direction, self.nonce


class Result(models.TextChoices):
    OK = "ok"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass
class Answer:
    """What became of a scan, and the code of its conflict if it has one."""

    result: str
    code: str = ""

    @property
    def detail(self) -> str:
        return str(CONFLICTS[self.code]) if self.code else ""


@transaction.atomic
def sync_check_ins(event: Event, scans: list[Scan], *, by: User) -> list[Answer]:
    """Take a batch of scans in, all of it or nothing, and answer each.

    The earliest arrival and the latest departure count, so that no order, no cut into
    batches and no repetition makes a difference.
    """
    event = seats.lock(event)
    check_takes_people_in(event)
    places: Places = event.participants.in_bulk([scan.participant for scan in scans])
    answers = _answers(event, scans, places)
    pairs = zip(scans, answers, strict=True)
    accepted = [(scan, answer) for scan, answer in pairs if answer.result == Result.OK]
    CheckInScan.objects.bulk_create(_row(scan, by) for scan, _answer in accepted)
    _settle(event, {scan.participant: places[scan.participant] for scan, _answer in accepted})
    for scan, answer in accepted:
        if not places[scan.participant].checked_in_at:
            answer.result, answer.code = Result.CONFLICT, "not_checked_in"
    return answers


def _row(scan: Scan, by: User) -> CheckInScan:
    return CheckInScan(
        participant_id=scan.participant,
        direction=scan.direction,
        nonce=scan.nonce,
        happened_at=scan.happened_at,
        noted_by=by,
    )


def _answers(event: Event, scans: list[Scan], places: Places) -> list[Answer]:
    noted = CheckInScan.objects.filter(participant__in=places)
    known = set(noted.values_list("participant", "direction", "nonce"))
    # Each who comes back takes a seat and is one no-show less, so this holds for all or for none.
    no_shows = event.participants.filter(status=Status.NO_SHOW).count()
    may_come_back = event.seats_left >= no_shows
    answers = []
    for scan in scans:
        code = _conflict(event, scan, places, may_come_back)
        if scan.key in known:
            answers.append(Answer(Result.DUPLICATE))
        elif code:
            answers.append(Answer(Result.CONFLICT, code))
        else:
            known.add(scan.key)
            answers.append(Answer(Result.OK))
    return answers


def _conflict(event: Event, scan: Scan, places: Places, may_come_back: bool) -> str:
    place = places.get(scan.participant)
    if place is None:
        return "unknown"
    if place.status not in (Status.CONFIRMED, Status.NO_SHOW):
        return "not_joined"
    if place.status == Status.NO_SHOW and not may_come_back:
        return "event_full"
    return _wrong_time(event, scan)


def _wrong_time(event: Event, scan: Scan) -> str:
    """Both ends of the window belong to the event: only a clock that is ahead has to wait."""
    if scan.happened_at > timezone.now():
        return "in_future"
    if scan.happened_at < event.starts_at - OPENS_BEFORE:
        return "too_early"
    stays = CLOSES_AFTER if scan.direction == Direction.OUT else timedelta(0)
    return "too_late" if scan.happened_at > event.ends_at + stays else ""


def _settle(event: Event, places: Places) -> None:
    """Bring the times, the seats and the ledger in line with all scans of these people."""
    scans = defaultdict(list)
    noted = CheckInScan.objects.filter(participant__in=places, happened_at__isnull=False)
    for scan in noted:
        scans[scan.participant_id].append(scan)
    changed = [place for place in places.values() if _retime(event, place, scans[place.pk])]
    lines = _lines(event, changed)
    seats.give_back(event, [place for place in changed if place.status == Status.NO_SHOW])
    columns = ["checked_in_at", "checked_in_by", "checked_out_at", "checked_out_by"]
    EventParticipant.objects.bulk_update(changed, [*columns, "status", "visit"])
    users.record_contributions(lines)
    if lines:
        transaction.on_commit(caching.impact_changed)


def _retime(event: Event, place: EventParticipant, scans: Iterable[CheckInScan]) -> bool:
    """Give the place the earliest arrival and the latest departure; say whether that is new."""
    before = _times(place)
    came, went = _moments(scans, Direction.IN), _moments(scans, Direction.OUT)
    if place.checked_in_at:
        came.add((place.checked_in_at, place.checked_in_by_id or 0))
    if place.checked_out_by_id:
        went.add((place.checked_out_at, place.checked_out_by_id))
    if not came:
        return False
    first_at, first_by = min(came)
    place.checked_in_at, place.checked_in_by_id = first_at, first_by or None
    last = max((one for one in went if one[0] >= first_at), default=None)
    if last:
        place.checked_out_at, place.checked_out_by_id = last
    elif event.status == Event.Status.FINISHED:
        place.checked_out_at = event.ends_at  # as who does not check out
    return before != _times(place)


def _moments(scans: Iterable[CheckInScan], direction: str) -> set[tuple[Any, Any]]:
    """When and by whom; of equal moments the account decides, so that no order does."""
    return {(one.happened_at, one.noted_by_id) for one in scans if one.direction == direction}


def _times(place: EventParticipant) -> tuple[object, ...]:
    came = place.checked_in_at, place.checked_in_by_id
    return *came, place.checked_out_at, place.checked_out_by_id


def _lines(event: Event, places: list[EventParticipant]) -> list[Contribution]:
    """The lines that make the ledger say what the places say; one that was wrong is reversed."""
    ended = [place for place in places if place.checked_out_at]
    written = Contribution.objects.in_bulk(
        [place.contribution_source for place in ended], field_name="source"
    )
    lines = []
    for place in ended:
        old, new = written.get(place.contribution_source), hours.line(event, place)
        if old and old.amount == new.amount:
            continue
        if old:
            place.visit += 1
            lines.append(users.reversal_of(old, reason=str(OTHER_TIMES)))
            new = hours.line(event, place)
        lines.append(new)
    return lines

"""Mails as work for the workers: each is one row, one task and one delivery that can be counted."""

from tests.fleet.conftest import eventually

WRITE = """
from django.utils.timezone import now
from events.models import Event, EventNotification, EventParticipant
from events.tasks import send_event_notification_email as send
from users.models import User
event = Event.objects.published().upcoming().order_by("-starts_at").first()
people = User.objects.bulk_create(
    User(email=f"{prefix}-{{n}}@example.org", first_name="Ana", registered_at=None)
    for n in range({number})
)
EventParticipant.objects.bulk_create(
    EventParticipant(event=event, user=one, status="waitlisted") for one in people
)
rows = EventNotification.objects.bulk_create(
    EventNotification(event=event, user=one, kind="changed", version=str(event.version))
    for one in people
)
for row in rows:
    {queue}
print(len(rows))
"""


def write(fleet, prefix, number, *, queued=True):
    """Make mails to prefix-0, prefix-1, …; queue a task for each, or leave it to the sweep."""
    queue = "send.delay(row.pk)" if queued else "pass"
    said = fleet.python(WRITE.format(prefix=prefix, number=number, queue=queue))
    assert said.splitlines()[-1] == str(number)


def grow_old(fleet):
    """Let what waits be old enough for the sweep, which leaves new mails to their tasks."""
    since = "created_at = created_at - interval '5 minutes'"
    fleet.sql(f"UPDATE events_eventnotification SET {since} WHERE sent_at IS NULL")


def sent(fleet, prefix):
    rows = "events_eventnotification JOIN users_user ON users_user.id = user_id"
    mine = f"email LIKE '{prefix}-%' AND sent_at IS NOT NULL"
    return int(fleet.sql(f"SELECT count(*) FROM {rows} WHERE {mine}"))


def delivered(fleet, prefix, event="delivered"):
    return [to for to in fleet.mails(event) if to.startswith(f"{prefix}-")]


def wait(fleet, prefix, number, patience=120):
    eventually(lambda: sent(fleet, prefix) == number, patience)

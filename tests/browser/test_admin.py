import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from events.models import Event
from tests.factories import (
    CategoryFactory,
    CommentFactory,
    EventFactory,
    ParticipantFactory,
    PledgeFactory,
    ResourceFactory,
    UserFactory,
)
from users import services as users

CHANGE_PAGE = re.compile(r"/event/\d+/change/")


def choose(screen, name):
    """Press a command in the head of the page; on a phone they lie behind a button."""
    if screen.size == "phone":
        screen.page.locator("#header-inner a[href='#']").click()
    screen.page.click(f"a[href$='/{name}/']")


def test_event_from_draft_to_cancelled(signed_in):
    screen, page = signed_in, signed_in.page
    category = CategoryFactory()
    UserFactory(email="maria@example.org", first_name="Maria")
    day = timezone.localdate() + timedelta(days=10)

    screen.open("/admin/events/event/add/", "event-new")
    page.fill("#id_title", "Mutirão da praia")
    page.fill("#id_city", "São Paulo")
    page.fill("#id_capacity", "10")
    page.select_option("#id_category", label=category.name)
    page.click("#select2-id_organizer-container")
    page.fill(".select2-dropdown .select2-search__field", "maria")
    page.click(".select2-results__option:has-text('maria@')")
    for name, time in (("starts_at", "09:00"), ("ends_at", "12:00")):
        page.fill(f"#id_{name}_0", day.strftime("%d/%m/%Y"))
        page.fill(f"#id_{name}_1", time)
    page.click("[name=_continue]")
    page.wait_for_url(CHANGE_PAGE)
    screen.look("event-draft")
    choose(screen, "publish")
    screen.look("event-publish")
    page.click("#content button[type=submit]")
    page.wait_for_url(CHANGE_PAGE)
    screen.look("event-published")
    choose(screen, "cancel")
    page.fill("#id_reason", "Chuva forte")
    screen.look("event-cancel")
    page.click("#content button[type=submit]")
    page.wait_for_url(CHANGE_PAGE)
    screen.look("event-cancelled")
    page.click("a[href$='#dataset-eventhistory']")
    screen.look("event-history")

    event = Event.objects.get()
    assert (event.status, event.cancel_reason) == ("cancelled", "Chuva forte")


@pytest.fixture
def life(transactional_db):
    """A site that people use."""
    now = timezone.now()
    event = EventFactory(title="Limpeza do Rio Tietê", starts_at=now, capacity=30)
    ParticipantFactory.create_batch(25, event=event)
    ParticipantFactory(event=event, status="waitlisted")
    EventFactory.create_batch(3, status="draft")
    EventFactory(status="cancelled", cancel_reason="Chuva forte")
    person = event.participants.first().user
    hoes = ResourceFactory(event=event, name="Enxada", description="De cabo longo.")
    PledgeFactory(resource=hoes, participant=event.participants.first())
    CommentFactory(event=event, author=person, text="Tem onde deixar a bicicleta? " * 8)
    users.record_contribution(person.pk, kind="hours", amount=3, source="event:1", happened_at=now)
    crontab = CrontabSchedule.objects.create(minute="0", hour="2", timezone="America/Sao_Paulo")
    PeriodicTask.objects.create(
        name="cleanup-expired-events", task="events.tasks.cleanup_expired_events", crontab=crontab
    )
    return event


def test_pages_look_right(signed_in, life):
    screen, page = signed_in, signed_in.page

    screen.open("/admin/events/event/")
    screen.open(f"/admin/events/event/{life.pk}/change/#dataset-eventparticipant", "participants")
    screen.open(f"/admin/events/event/{life.pk}/change/", "event")
    screen.open(f"/admin/events/event/{life.pk}/change/#dataset-resourcepledge", "pledges")
    screen.open(f"/admin/events/event/{life.pk}/change/#dataset-eventcomment", "comments")
    screen.open("/admin/events/eventcomment/")
    screen.open("/admin/events/eventparticipant/")
    screen.open("/admin/events/eventcategory/")
    screen.open("/admin/events/eventnotification/")
    screen.open("/admin/users/user/")
    screen.open("/admin/users/user/add/")
    screen.open(f"/admin/users/user/{life.organizer_id}/change/", "user")
    screen.open(f"/admin/users/user/{life.organizer_id}/password/", "user-password")
    screen.open("/admin/users/contribution/")
    screen.open("/admin/users/loginattempt/")
    screen.open("/admin/auth/group/add/")
    screen.open("/admin/django_celery_beat/periodictask/")
    page.click("#result_list tbody th a")
    screen.look("periodic-task")
    screen.open("/admin/django_celery_beat/crontabschedule/")
    screen.open("/admin/password_change/")
    if screen.size == "phone":
        page.click("span:visible:text('dock_to_right')")
    page.click("span:visible:text('unfold_more')")
    screen.look("menu")

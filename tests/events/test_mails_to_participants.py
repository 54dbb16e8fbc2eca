import re
import uuid
from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from events import services, tasks
from events.models import EventMail, EventNotification, EventParticipant
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together

LIST = "/admin/events/eventparticipant/"
MAILS = "/admin/events/eventmail/"
WORDS = {"subject": "Tragam luvas", "text": "Tragam luvas e chapéu.\n\nAté sábado!"}


@pytest.fixture
def event(db):
    return EventFactory(title="Plantio de ipês", capacity=50)


def place_of(event, *, confirmed=True, status="confirmed", **person):
    proven = timezone.now() if confirmed else None
    user = UserFactory(email_confirmed_at=proven, **person)
    return ParticipantFactory(event=event, user=user, status=status)


def page(event):
    return f"/admin/events/event/{event.pk}/write_mail/"


def token_in(response):
    return re.search(r'name="token" value="([^"]+)"', response.text)[1]


def write(event, by, **changes):
    places = EventParticipant.objects.filter(event=event)
    facts = {**WORDS, "by": by, "token": uuid.uuid4(), **changes}
    return services.write_to(event, places, **facts)


def test_preview_tells_how_many_get_it_and_why_others_do_not(admin_client, event):
    place_of(event)
    place_of(event, status="waitlisted")
    place_of(event, confirmed=False)
    place_of(event, is_active=False)
    place_of(event, status="left")

    asked = admin_client.get(page(event))
    looked = admin_client.post(page(event), {**WORDS, "step": "look", "token": token_in(asked)})

    assert looked.context["reach"] == services.Reach(
        get_it=2, switched_off=0, unconfirmed=1, gone=1
    )
    assert "<p>Tragam luvas e chapéu.</p>" in looked.text
    assert not EventMail.objects.exists()


def test_everybody_gets_one_copy(
    admin_client, event, mailoutbox, django_capture_on_commit_callbacks
):
    people = [place_of(event).user, place_of(event, status="waitlisted").user]
    answer = {**WORDS, "step": "send", "token": uuid.uuid4()}

    with django_capture_on_commit_callbacks(execute=True):
        response = admin_client.post(page(event), answer, follow=True)

    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(user.email for user in people)
    assert mailoutbox[0].subject == "Tragam luvas: Plantio de ipês"
    assert "Tragam luvas e chapéu.\n\nAté sábado!" in mailoutbox[0].body
    assert "2 e-mails estão a caminho." in response.text


def test_sent_twice_from_one_page_it_is_one_mail(admin_client, event):
    place_of(event)
    answer = {**WORDS, "step": "send", "token": uuid.uuid4()}

    admin_client.post(page(event), answer)
    admin_client.post(page(event), answer)

    assert EventMail.objects.count() == EventNotification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_once_it_is_one_mail(mailoutbox):
    event, staff = EventFactory(), UserFactory()
    place_of(event)
    send = partial(write, event, staff, token=uuid.uuid4())

    run_together(send, send, send)

    assert EventMail.objects.count() == 1
    assert len(mailoutbox) == 1


def test_only_the_chosen_people_get_it(admin_client, event, mailoutbox):
    chosen, other = place_of(event), place_of(event)
    elsewhere = place_of(EventFactory())
    action = {"action": "write_mail", "_selected_action": [chosen.pk, elsewhere.pk]}
    answer = {**action, **WORDS, "step": "send", "token": uuid.uuid4()}

    assert "1 pessoa" not in admin_client.post(LIST, action).text
    admin_client.post(LIST, answer)

    told = EventNotification.objects.values_list("event", "user")
    assert set(told) == {
        (chosen.event_id, chosen.user_id),
        (elsewhere.event_id, elsewhere.user_id),
    }
    assert other.user_id not in {user for _event, user in told}


def test_what_the_queue_lost_is_found_by_the_sweep(event, staff, mailoutbox):
    place_of(event)
    write(event, staff)  # no task starts: the commit of a test never comes

    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        tasks.retry_waiting_notifications()
        tasks.retry_waiting_notifications()

    assert len(mailoutbox) == 1


def test_a_copy_that_is_sent_again_is_not_sent_twice(event, staff, mailoutbox):
    place_of(event)
    copy = write(event, staff).notifications.get()

    services.send_notification(copy.pk)
    services.send_notification(copy.pk)

    assert len(mailoutbox) == 1


@pytest.mark.parametrize("change", [{"status": "left"}, {"user__is_active": False}])
def test_who_left_meanwhile_is_not_written_to(event, staff, mailoutbox, change):
    place = place_of(event)
    copy = write(event, staff).notifications.get()
    for name, value in change.items():
        row = place.user if name.startswith("user__") else place
        type(row).objects.filter(pk=row.pk).update(**{name.removeprefix("user__"): value})

    services.send_notification(copy.pk)

    assert mailoutbox == []


def test_nobody_to_write_to_is_refused(admin_client, event):
    place_of(event, confirmed=False)

    answer = {**WORDS, "step": "send", "token": uuid.uuid4()}
    response = admin_client.post(page(event), answer, follow=True)

    assert "Nenhuma destas pessoas pode receber este e-mail." in response.text
    assert not EventMail.objects.exists()


@pytest.mark.parametrize("missing", ["subject", "text", "token"])
def test_an_incomplete_mail_is_asked_for_again(admin_client, event, missing):
    place_of(event)
    answer = {**WORDS, "step": "send", "token": uuid.uuid4(), missing: ""}

    response = admin_client.post(page(event), answer)

    assert missing in response.context["form"].errors
    assert not EventMail.objects.exists()


def test_markup_and_line_breaks_are_only_text(event, staff, mailoutbox):
    place_of(event)
    subject, text = "Olá\nBcc: x@example.org", "<script>alert(1)</script>"
    copy = write(event, staff, subject=subject, text=text).notifications.get()

    services.send_notification(copy.pk)

    assert mailoutbox[0].subject == "Olá Bcc: x@example.org: Plantio de ipês"
    assert text in mailoutbox[0].body
    assert "&lt;script&gt;" in mailoutbox[0].alternatives[0].content


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("administrator", True),
        ("organizer-support", True),
        ("moderator", False),
        ("read-only", False),
    ],
)
def test_only_administrators_and_support_write(client, event, staff, role, may):
    call_command("seed_roles", stdout=StringIO())
    staff.groups.add(Group.objects.get(name=role))
    client.force_login(staff)
    place = place_of(event)
    answer = {**WORDS, "step": "send", "token": uuid.uuid4()}
    action = {"action": "write_mail", "_selected_action": [place.pk]}

    status = client.post(page(event), answer).status_code
    client.post(LIST, {**action, **answer, "token": uuid.uuid4()})

    assert status == (302 if may else 403)
    assert EventMail.objects.count() == (2 if may else 0)
    assert (page(event) in client.get(f"/admin/events/event/{event.pk}/change/").text) == may


def test_the_mail_tells_how_far_it_is(admin_client, event, staff):
    for _number in range(3):
        place_of(event)
    mail = write(event, staff)
    services.send_notification(mail.notifications.first().pk)

    assert "1 de 3 enviados" in admin_client.get(MAILS).text
    assert "1 de 3 enviados" in admin_client.get(f"{MAILS}{mail.pk}/change/").text


def test_the_page_of_the_event_has_all_of_it(admin_client, event, staff):
    place = place_of(event, email="maria@example.org")
    write(event, staff)

    text = admin_client.get(f"/admin/events/event/{event.pk}/change/").text

    for tab in ("dataset-eventparticipant", "dataset-eventnotification", "dataset-eventhistory"):
        assert tab in text
    assert "e-mail da organização" in text
    assert place.user.email in text


def test_tabs_are_seen_by_who_may_see_their_rows(client, event, staff):
    call_command("seed_roles", stdout=StringIO())
    staff.groups.add(Group.objects.get(name="moderator"))
    client.force_login(staff)

    text = client.get(f"/admin/events/event/{event.pk}/change/").text

    assert "dataset-eventparticipant" in text
    assert "dataset-eventnotification" not in text


@pytest.mark.parametrize("number", [2, 30])
def test_writing_needs_a_fixed_number_of_queries(
    event, staff, number, django_assert_max_num_queries
):
    for _turn in range(number):
        place_of(event)

    with django_assert_max_num_queries(8):
        write(event, staff)

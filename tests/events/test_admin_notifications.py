import pytest
from django.utils import timezone

from events.models import EventNotification
from tests.factories import ParticipantFactory

LIST = "/admin/events/eventnotification/"


def notify(**facts):
    place = ParticipantFactory()
    return EventNotification.objects.create(
        event=place.event, user=place.user, kind="changed", version="1", **facts
    )


def again(*notifications):
    return {"action": "send_again", "_selected_action": [one.pk for one in notifications]}


@pytest.mark.parametrize("state", ["waiting", "sent", "failed", "skipped"])
@pytest.mark.django_db
def test_list_by_state(admin_client, state):
    rows = {
        "waiting": notify(),
        "sent": notify(sent_at=timezone.now()),
        "failed": notify(failed_at=timezone.now(), attempts=5),
        "skipped": notify(skipped_at=timezone.now(), attempts=1),
    }

    response = admin_client.get(LIST, {"state": state})

    assert list(response.context["cl"].result_list) == [rows[state]]


@pytest.mark.django_db
def test_mail_that_was_given_up_is_sent_again(
    admin_client, mailoutbox, django_capture_on_commit_callbacks
):
    dead = notify(failed_at=timezone.now(), attempts=5)

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(LIST, again(dead))

    dead.refresh_from_db()
    assert dead.sent_at
    assert [mail.to for mail in mailoutbox] == [[dead.user.email]]


@pytest.mark.django_db
def test_sent_mail_is_not_sent_again(admin_client, mailoutbox, django_capture_on_commit_callbacks):
    sent = notify(sent_at=timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        response = admin_client.post(LIST, again(sent), follow=True)

    assert mailoutbox == []
    assert len(list(response.context["messages"])) == 1


@pytest.mark.parametrize("number", [20, 100])
@pytest.mark.django_db
def test_list_needs_a_fixed_number_of_queries(admin_client, number, django_assert_num_queries):
    place = ParticipantFactory()
    EventNotification.objects.bulk_create(
        EventNotification(event=place.event, user=place.user, kind="changed", version=str(version))
        for version in range(number)
    )
    admin_client.get(LIST)

    with django_assert_num_queries(5):
        admin_client.get(LIST)

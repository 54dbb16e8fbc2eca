import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from events.models import EventParticipant
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from users.models import Contribution, User

LIST = "/admin/events/eventparticipant/"


@pytest.fixture
def place(db):
    """A seat at an event that begins now."""
    return ParticipantFactory(event__starts_at=timezone.now())


def chosen(action, *places, **answers):
    return {"action": action, "_selected_action": [place.pk for place in places], **answers}


def on_tab(place):
    return f"/admin/events/event/{place.event_id}/change/"


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def test_check_in_on_the_page_of_the_event(admin_client, admin_user, place):
    scan = chosen("check_in", place, dataset="ParticipantsTab")

    response = admin_client.post(on_tab(place), scan, follow=True)

    place.refresh_from_db()
    assert place.checked_in_by == admin_user
    assert messages_of(response) == ["A chegada de 1 pessoa foi registrada."]


def test_check_in_and_out_of_several_events(admin_client, place):
    other = ParticipantFactory(event__starts_at=timezone.now())

    admin_client.post(LIST, chosen("check_in", place, other))
    admin_client.post(LIST, chosen("check_out", place, other))

    assert Contribution.objects.count() == 2


def test_refused_check_in_is_a_message(admin_client, place):
    early = ParticipantFactory()

    response = admin_client.post(LIST, chosen("check_in", place, early), follow=True)

    place.refresh_from_db()
    assert place.checked_in_at
    assert len(messages_of(response)) == 2


def test_wrong_check_in_is_undone_with_a_reason(admin_client, place):
    admin_client.post(LIST, chosen("check_in", place))
    admin_client.post(LIST, chosen("check_out", place))

    asked = admin_client.post(LIST, chosen("undo_check_in", place))
    answer = chosen("undo_check_in", place, confirmed="yes", reason="Pessoa errada")
    admin_client.post(LIST, answer)

    place.refresh_from_db()
    assert asked.context["form"].fields.keys() == {"reason"}
    assert place.checked_in_at is None
    assert Contribution.objects.get(reverses__isnull=False).reason == "Pessoa errada"


def test_absence_frees_the_seat(admin_client, place):
    admin_client.post(LIST, chosen("mark_no_show", place, confirmed="yes"))

    place.refresh_from_db()
    assert place.status == "no_show"


def test_removed_person_is_told_why(admin_client, mailoutbox, django_capture_on_commit_callbacks):
    place = ParticipantFactory()

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(LIST, chosen("remove", place, confirmed="yes", reason="Pediu por fone"))

    place.refresh_from_db()
    assert place.status == "left"
    assert "Pediu por fone" in mailoutbox[0].body


def test_question_on_the_tab_leads_back_to_it(admin_client, place):
    remove = chosen("remove", place, dataset="ParticipantsTab")

    asked = admin_client.post(on_tab(place), remove)
    done = admin_client.post(on_tab(place), {**remove, "confirmed": "yes", "reason": "Sim"})

    assert ("dataset", "ParticipantsTab") in asked.context["repeated"]
    assert done.url == on_tab(place)
    place.refresh_from_db()
    assert place.status == "left"


def test_tab_shows_only_its_event(admin_client, place):
    other = ParticipantFactory()

    scan = chosen("check_in", other, dataset="ParticipantsTab")
    text = admin_client.post(on_tab(place), scan, follow=True).text

    other.refresh_from_db()
    assert place.user.email in text
    assert other.user.email not in text
    assert other.checked_in_at is None


def test_list_cannot_be_edited(admin_client, place):
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{place.pk}/change/", {}).status_code == 403
    assert admin_client.post(f"{LIST}{place.pk}/delete/", {"post": "yes"}).status_code == 403


def test_staff_who_may_only_look_cannot_check_in(client, staff, place):
    codes = ["view_event", "view_eventparticipant"]
    staff.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(staff)

    client.post(LIST, chosen("check_in", place))
    client.post(on_tab(place), chosen("check_in", place, dataset="ParticipantsTab"))

    place.refresh_from_db()
    assert place.checked_in_at is None


@pytest.mark.parametrize("number", [20, 100])
def test_list_needs_a_fixed_number_of_queries(admin_client, number, django_assert_num_queries):
    event = EventFactory(capacity=number)
    people = User.objects.bulk_create(UserFactory.build_batch(number, password="!"))
    EventParticipant.objects.bulk_create(
        EventParticipant(event=event, user=person, status="confirmed") for person in people
    )
    admin_client.get(LIST)

    with django_assert_num_queries(6):
        admin_client.get(f"{LIST}?all=")

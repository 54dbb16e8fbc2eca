import pytest
from django.contrib.auth.models import Permission

from tests.factories import EventFactory, ParticipantFactory, UserFactory

pytestmark = pytest.mark.django_db


def found(client, words):
    response = client.get("/admin/search/", {"s": words, "extended": "1"})
    return [(str(one.title), str(one.link)) for one in response.context["results"]]


def test_people_events_and_participants_are_found(admin_client):
    user = UserFactory(first_name="José", email="jose@example.org")
    place = ParticipantFactory(user=user)
    event = EventFactory(title="Plantio de ipês", city="Belém")

    assert ("Plantio de ipês", f"/admin/events/event/{event.pk}/change/") in found(
        admin_client, "belem"
    )
    assert found(admin_client, "jose@example")[:2] == [
        (user.name, f"/admin/users/user/{user.pk}/change/"),
        (user.name, f"/admin/events/eventparticipant/{place.pk}/change/"),
    ]


def test_only_what_one_may_look_at_is_found(client, staff):
    staff.user_permissions.set(Permission.objects.filter(codename="view_event"))
    client.force_login(staff)
    EventFactory(title="Plantio", organizer=UserFactory(first_name="Plantio"))

    assert [title for title, _link in found(client, "plantio")] == ["Plantio"]


def test_a_common_word_finds_only_the_first(admin_client, django_assert_max_num_queries):
    EventFactory.create_batch(12, title="Plantio")

    with django_assert_max_num_queries(8):
        assert len(found(admin_client, "plantio")) == 8


@pytest.mark.parametrize("words", ["a", " ", "%", "a" * 5000])
def test_what_cannot_be_searched_finds_nothing(admin_client, words):
    response = admin_client.get("/admin/search/", {"s": words, "extended": "1"})

    assert response.status_code == 200

"""What an event needs, on its page in the admin."""

import pytest
from django.contrib.auth.models import Permission

from events import services
from tests.events.test_admin_events import filled, page
from tests.factories import (
    CommentFactory,
    EventFactory,
    PledgeFactory,
    ResourceFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def rows(*resources, new=(), **changes):
    """What a browser sends for the table of resources."""
    old = len(resources)
    sent = {"resources-TOTAL_FORMS": old + len(new), "resources-INITIAL_FORMS": old}
    for number, resource in enumerate(resources):
        fields = {"id": resource.pk, "event": resource.event_id, "name": resource.name}
        fields |= {"description": resource.description, "needed": resource.needed, **changes}
        sent |= {f"resources-{number}-{name}": value for name, value in fields.items()}
    for number, fields in enumerate(new, start=old):
        sent |= {f"resources-{number}-{name}": value for name, value in fields.items()}
    return sent


def save(client, event, sent):
    return client.post(page(event), {**filled(event), **sent})


@pytest.fixture
def event(db):
    return EventFactory()


def test_staff_ask_for_what_is_needed(admin_client, event):
    response = save(admin_client, event, rows(new=[{"name": "Enxada", "needed": 10}]))

    assert response.status_code == 302, response.context["errors"]
    assert [(one.name, one.needed) for one in event.resources.all()] == [("Enxada", 10)]


def test_staff_change_what_is_needed(admin_client, event):
    resource = ResourceFactory(event=event)

    save(admin_client, event, rows(resource, needed=12))

    resource.refresh_from_db()
    assert resource.needed == 12


def test_a_refusal_is_an_error_of_the_form(admin_client, event):
    resource = PledgeFactory(resource__event=event, quantity=4).resource

    response = save(admin_client, event, rows(resource, needed=3))

    resource.refresh_from_db()
    assert (response.status_code, resource.needed) == (200, 10)
    assert "Já foi prometido mais do que isso." in response.text


def test_what_staff_take_off_is_told(admin_client, event):
    resource = PledgeFactory(resource__event=event).resource

    save(admin_client, event, rows(resource, DELETE="on"))

    assert not event.resources.exists()
    assert event.notifications.get().kind == "not_needed"


def test_a_closed_event_only_shows_them(admin_client, event):
    resource = ResourceFactory(event=event)
    services.cancel(event, reason="Chuva")

    shown = admin_client.get(page(event)).text
    response = save(admin_client, event, rows(resource, needed=3))

    assert resource.name in shown
    assert "resources-0-needed" not in shown
    assert response.status_code == 403


def test_who_may_only_look_at_events_only_looks_at_them(client, event):
    staff = UserFactory(is_staff=True)
    resource = ResourceFactory(event=event)
    staff.user_permissions.add(Permission.objects.get(codename="view_event"))
    client.force_login(staff)

    shown = client.get(page(event)).text

    assert resource.name in shown
    assert "resources-0-needed" not in shown


def test_the_page_tells_who_brings_what_and_what_was_said(admin_client, event):
    pledge = PledgeFactory(resource__event=event, quantity=3)
    comment = CommentFactory(event=event)

    shown = admin_client.get(page(event)).text

    assert pledge.participant.user.email in shown
    assert comment.text in shown

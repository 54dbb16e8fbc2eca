import pytest
from django.contrib.auth.models import Permission
from django.core import mail

from events import services
from tests.factories import EventFactory, PhotoFactory, UserFactory

LIST = "/admin/events/eventphoto/"


@pytest.fixture
def photo(db):
    """Hidden by an objection."""
    photo = PhotoFactory(caption="Na areia")
    services.flag_photo(photo, UserFactory(first_name="Bia"), reason="shows_me", note="Sou eu.")
    return photo


def chosen(action, *photos, **answers):
    return {"action": action, "_selected_action": [photo.pk for photo in photos], **answers}


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def test_the_list_shows_thumbnails_and_what_waits(admin_client, photo):
    PhotoFactory(caption="Ninguém reclamou")

    everything = admin_client.get(LIST).text
    waiting = admin_client.get(LIST, {"waits": "yes"}).text

    assert 'alt="Ninguém reclamou"' in everything
    assert photo.thumbnail.url in waiting
    assert "Ninguém reclamou" not in waiting


def test_the_page_shows_who_objects(admin_client, photo):
    page = admin_client.get(f"{LIST}{photo.pk}/change/").text

    assert photo.image.url in page
    assert "Sou eu." in page


def test_the_page_of_an_event_shows_its_photos(admin_client, photo):
    other = PhotoFactory()

    page = admin_client.get(f"/admin/events/event/{photo.event_id}/change/").text

    assert photo.thumbnail.url in page
    assert other.thumbnail.url not in page


def test_approving_asks_and_shows(
    admin_client, admin_user, photo, django_capture_on_commit_callbacks
):
    asked = admin_client.post(LIST, chosen("approve_selected", photo))
    with django_capture_on_commit_callbacks(execute=True):
        done = admin_client.post(
            LIST, chosen("approve_selected", photo, confirmed="yes"), follow=True
        )

    photo.refresh_from_db()
    assert asked.status_code == 200
    assert (photo.status, photo.decided_by) == ("shown", admin_user)
    assert messages_of(done) == ["1 foto foi aprovada."]
    told = {photo.uploader.email, photo.flags.get().user.email}
    assert {message.to[0] for message in mail.outbox} == told


def test_removing_needs_a_reason(admin_client, photo):
    page = f"{LIST}{photo.pk}/remove/"

    admin_client.post(page, {"confirmed": "yes", "reason": ""})
    photo.refresh_from_db()
    assert photo.status == "hidden"

    admin_client.post(page, {"confirmed": "yes", "reason": "Pediu para sair."})
    photo.refresh_from_db()
    assert (photo.status, photo.reason) == ("removed", "Pediu para sair.")


def test_a_refused_decision_is_a_message(admin_client):
    photo = PhotoFactory()

    done = admin_client.post(LIST, chosen("approve_selected", photo, confirmed="yes"), follow=True)

    [message] = messages_of(done)
    assert message.startswith(str(photo))


@pytest.mark.parametrize(("right", "offered"), [("view", False), ("change", True)])
def test_only_who_may_change_photos_decides(client, photo, right, offered):
    person = UserFactory(is_staff=True)
    for name in {right, "view"}:
        person.user_permissions.add(Permission.objects.get(codename=f"{name}_eventphoto"))
    client.force_login(person)

    page = client.get(f"{LIST}{photo.pk}/change/").text

    assert (f"{LIST}{photo.pk}/approve" in page) == offered


def test_staff_make_photos_of_an_event_private(admin_client):
    event = EventFactory()

    page = admin_client.get(f"/admin/events/event/{event.pk}/change/").text

    assert 'name="photos_need_approval"' in page

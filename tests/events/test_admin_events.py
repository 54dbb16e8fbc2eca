from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from events.models import Event, EventNotification, EventParticipant
from events.services import seats
from tests.factories import CategoryFactory, EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from users.models import User

LIST = "/admin/events/event/"


def page(event, name="change"):
    return f"{LIST}{event.pk}/{name}/"


def filled(event, **changes):
    """What a browser sends for the form of this event."""
    starts, ends = (moment.astimezone(event.zone) for moment in (event.starts_at, event.ends_at))
    return {
        "title": event.title,
        "description": event.description,
        "category": event.category_id,
        "organizer": event.organizer_id,
        "city": event.city,
        "address": event.address,
        "latitude": event.latitude,
        "longitude": event.longitude,
        "starts_at_0": f"{starts:%d/%m/%Y}",
        "starts_at_1": f"{starts:%H:%M:%S}",
        "ends_at_0": f"{ends:%d/%m/%Y}",
        "ends_at_1": f"{ends:%H:%M:%S}",
        "time_zone": event.time_zone,
        "capacity": event.capacity,
        "waitlist_enabled": "on",
        "resources-TOTAL_FORMS": 0,
        "resources-INITIAL_FORMS": 0,
        **changes,
    }


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def draft(db):
    return EventFactory(status="draft")


def test_new_event_is_a_draft(admin_client):
    plan = EventFactory.build(category=CategoryFactory(), organizer=UserFactory())
    helper = UserFactory()

    response = admin_client.post(f"{LIST}add/", filled(plan, co_organizers=[helper.pk]))

    event = Event.objects.get()
    assert response.status_code == 302
    assert (event.title, event.status, event.organizer) == (plan.title, "draft", plan.organizer)
    assert list(event.co_organizers.all()) == [helper]


def test_new_event_in_the_past_is_an_error_of_the_form(admin_client):
    plan = EventFactory.build(
        category=CategoryFactory(),
        organizer=UserFactory(),
        starts_at=timezone.now() - timedelta(days=1),
        title="Ontem",
    )

    response = admin_client.post(f"{LIST}add/", filled(plan))

    assert not Event.objects.exists()
    assert "starts_at" in response.context["adminform"].form.errors
    assert "Ontem" in response.text


def test_more_seats_go_to_who_waits(admin_client):
    event = ParticipantFactory(event__capacity=1).event
    waiting = ParticipantFactory(event=event, status="waitlisted")

    admin_client.post(page(event), filled(event, capacity=2))

    waiting.refresh_from_db()
    assert waiting.status == "confirmed"


def test_new_time_is_told_to_everyone(admin_client):
    event = ParticipantFactory().event

    admin_client.post(page(event), filled(event, ends_at_1="23:59:00"))

    assert EventNotification.objects.get().kind == "changed"


def test_form_that_changes_nothing_tells_nobody(admin_client):
    event = ParticipantFactory().event

    response = admin_client.post(page(event), filled(event))

    assert response.status_code == 302
    assert not EventNotification.objects.exists()


def test_fewer_seats_than_people_are_an_error_of_the_form(admin_client):
    event = EventFactory(capacity=2)
    ParticipantFactory.create_batch(2, event=event)

    response = admin_client.post(page(event), filled(event, capacity=1, title="Outro"))

    event.refresh_from_db()
    assert event.title != "Outro"
    assert "capacity" in response.context["adminform"].form.errors
    assert 'value="Outro"' in response.text


def test_too_many_co_organizers_are_refused(admin_client, draft):
    many = [user.pk for user in UserFactory.create_batch(Event.MAX_CO_ORGANIZERS + 1)]

    response = admin_client.post(page(draft), filled(draft, co_organizers=many))

    assert "co_organizers" in response.context["adminform"].form.errors


def test_publish_asks_first(admin_client, draft):
    asked = admin_client.get(page(draft, "publish"))
    draft.refresh_from_db()
    assert (asked.status_code, draft.status) == (200, "draft")

    response = admin_client.post(page(draft, "publish"), {"confirmed": "yes"}, follow=True)

    draft.refresh_from_db()
    assert draft.status == "published"
    assert messages_of(response) == ["1 evento foi publicado."]


def test_refused_command_is_a_message(admin_client):
    event = EventFactory(status="finished")

    response = admin_client.post(page(event, "publish"), {"confirmed": "yes"}, follow=True)

    assert response.status_code == 200
    assert messages_of(response) == [f"{event}: A situação do evento não permite isto."]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("publish", {"confirmed": "yes"}),
        ("delete", {"post": "yes"}),
        ("change", {"title": "Novo"}),
    ],
)
def test_draft_that_a_colleague_throws_away_meanwhile_is_a_message(
    admin_client, monkeypatch, name, sent
):
    draft = EventFactory(status="draft")
    seats_lock = seats.lock

    def lock(event):
        run_together(Event.objects.filter(pk=event.pk).delete)
        return seats_lock(event)

    monkeypatch.setattr(seats, "lock", lock)
    sent = filled(draft, **sent) if name == "change" else sent

    response = admin_client.post(page(draft, name), sent, follow=True)

    assert response.status_code == 200
    assert messages_of(response)


def test_cancel_needs_a_reason(admin_client):
    event = ParticipantFactory().event

    response = admin_client.post(page(event, "cancel"), {"confirmed": "yes", "reason": " "})

    event.refresh_from_db()
    assert event.status == "published"
    assert "reason" in response.context["form"].errors


def test_cancel_selected_events(admin_client):
    events = EventFactory.create_batch(2)
    finished = EventFactory(status="finished")
    chosen = {"action": "cancel_selected", "_selected_action": [e.pk for e in [*events, finished]]}

    asked = admin_client.post(LIST, chosen)
    answer = {**chosen, "confirmed": "yes", "reason": "Chuva"}
    response = admin_client.post(LIST, answer, follow=True)

    assert ("_selected_action", str(finished.pk)) in asked.context["repeated"]
    assert Event.objects.filter(status="cancelled", cancel_reason="Chuva").count() == 2
    assert len(messages_of(response)) == 2


def test_only_drafts_can_be_deleted(admin_client, draft):
    event = EventFactory()

    assert admin_client.post(page(event, "delete"), {"post": "yes"}).status_code == 403
    assert admin_client.post(page(draft, "delete"), {"post": "yes"}).status_code == 302
    assert Event.objects.get() == event


def test_what_is_over_is_only_shown(admin_client):
    event = EventFactory(status="cancelled", cancel_reason="Chuva")

    shown = admin_client.get(page(event))
    response = admin_client.post(page(event), filled(event, title="Outro"))

    assert 'name="title"' not in shown.text
    assert response.status_code == 403


def test_commands_fit_the_status(admin_client, draft):
    published = EventFactory()

    assert page(draft, "publish") in admin_client.get(page(draft)).text
    assert page(draft, "cancel") not in admin_client.get(page(draft)).text
    assert page(published, "cancel") in admin_client.get(page(published)).text


@pytest.mark.parametrize("question", ["q=agua", "q=%C3%81GUA+limpa", "city=sao+paulo&q=agua"])
def test_search_needs_no_accents(admin_client, question):
    EventFactory(title="Água Limpa", city="São Paulo")
    EventFactory(title="Outra coisa", city="Santos")

    response = admin_client.get(f"{LIST}?{question}")

    assert [event.title for event in response.context["cl"].result_list] == ["Água Limpa"]


def test_filter_by_days_includes_both(admin_client):
    event = EventFactory()
    EventFactory(starts_at=timezone.now() + timedelta(days=30))
    day = f"{timezone.localtime(event.starts_at):%d/%m/%Y}"

    response = admin_client.get(LIST, {"starts_at_from": day, "starts_at_to": day})

    assert list(response.context["cl"].result_list) == [event]


@pytest.mark.parametrize("day", ["amanhã", "31/02/2027", "01/01/0001", "31/12/9999"])
def test_filter_by_no_day_filters_nothing(admin_client, day):
    EventFactory()

    response = admin_client.get(LIST, {"starts_at_from": day, "starts_at_to": day})

    assert response.context["cl"].result_count == 1


def test_list_counts_people(admin_client):
    event = EventFactory(capacity=5)
    ParticipantFactory(event=event, checked_in_at=timezone.now())
    ParticipantFactory(event=event)
    ParticipantFactory(event=event, status="waitlisted")

    (row,) = admin_client.get(LIST).context["cl"].result_list

    assert (row.seats_taken, row.waiting_count, row.came_count) == (2, 1, 1)


@pytest.mark.parametrize("number", [20, 100])
def test_list_needs_a_fixed_number_of_queries(admin_client, number, django_assert_num_queries):
    one = EventFactory()
    Event.objects.bulk_create(
        EventFactory.build_batch(number - 1, category=one.category, organizer=one.organizer)
    )
    admin_client.get(LIST)

    with django_assert_num_queries(6):
        admin_client.get(f"{LIST}?all=")


@pytest.mark.parametrize("number", [20, 1000])
def test_page_needs_a_fixed_number_of_queries(admin_client, number, django_assert_num_queries):
    event = EventFactory(capacity=2000)
    people = User.objects.bulk_create(UserFactory.build_batch(number, password="!"))
    EventParticipant.objects.bulk_create(
        EventParticipant(event=event, user=person, status="confirmed") for person in people
    )
    admin_client.get(page(event))

    with django_assert_num_queries(29):
        admin_client.get(page(event))


def test_history_tells_who_changed_what(admin_client, admin_user):
    event = EventFactory(title="Antes")
    admin_client.post(page(event), filled(event, title="Depois"))
    Event.objects.filter(pk=event.pk).update(capacity=99)

    text = admin_client.get(page(event)).text

    assert "Título: <s>Antes</s> → Depois" in text
    assert "Vagas: <s>10</s> → 99" in text or "Capacidade: <s>10</s> → 99" in text
    assert text.count(admin_user.email) >= 2
    assert "o sistema" in text


def test_history_tells_who_was_made_co_organizer_and_by_whom(admin_client, admin_user):
    event = EventFactory()
    helper = UserFactory()
    admin_client.post(page(event), filled(event, co_organizers=[helper.pk]))
    event.co_organizers.clear()

    text = admin_client.get(page(event)).text

    rows = text[text.index("Histórico de coorganizadores") :]
    assert rows.count(helper.email) == 2
    assert ("incluído" in rows, "retirado" in rows) == (True, True)
    assert (admin_user.email in rows, "o sistema" in rows) == (True, True)


def test_history_has_no_page_of_its_own(admin_client, draft):
    response = admin_client.get(page(draft, "history"), follow=True)

    assert response.redirect_chain[-1][0].endswith("/change/#dataset-eventhistory")
    assert admin_client.get("/admin/pghistory/events/").status_code == 404


def test_staff_with_permission_to_look_changes_nothing(client, draft):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_event"))
    client.force_login(staff)

    assert client.get(page(draft)).status_code == 200
    assert client.post(page(draft), filled(draft)).status_code == 403
    assert client.post(page(draft, "publish"), {"confirmed": "yes"}).status_code == 403
    chosen = {"action": "publish_selected", "_selected_action": [draft.pk], "confirmed": "yes"}
    client.post(LIST, chosen)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_page_of_no_event_is_not_found(admin_client):
    for number in ("0", "abc", "99999999999999999999"):
        assert admin_client.get(f"{LIST}{number}/publish/").status_code == 404
        assert admin_client.get(f"{LIST}{number}/change/", follow=True).status_code == 200
        scan = {"dataset": "ParticipantsTab", "action": "check_in", "_selected_action": ["1"]}
        assert admin_client.post(f"{LIST}{number}/change/", scan).status_code == 302

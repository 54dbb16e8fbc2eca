"""Staff see who waits, read what was said, and answer."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from config.encryption import keyed_hash
from leads.models import Conversation, Message
from leads.services import taking_over
from tests.factories import UserFactory
from tests.leads.making import conversation

LIST = reverse("admin:leads_conversation_changelist")


def page(made, what="change"):
    return reverse(f"admin:leads_conversation_{what}", args=[made.pk])


@pytest.fixture
def answering_staff(client, db):
    """Signed in; may look at conversations and answer."""
    staff = UserFactory(is_staff=True, first_name="Ana")
    names = ["view_conversation", "change_conversation"]
    staff.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(staff)
    return staff


def test_what_waits_longest_comes_first(client, answering_staff):
    conversation("Encerrada", state="closed")
    conversation("Robô", state="agent")
    conversation("Recente", state="waiting", waiting_minutes=1)
    conversation("Antiga", state="waiting", waiting_minutes=90)
    conversation("Com gente", state="staff")

    text = client.get(LIST).text

    places = [text.index(name) for name in ("Antiga", "Recente", "Com gente", "Robô", "Encerrada")]
    assert places == sorted(places)


def test_the_sidebar_says_how_many_wait(client, answering_staff):
    conversation(state="waiting", waiting_minutes=1)
    conversation(state="waiting", waiting_minutes=2)
    conversation(state="agent")

    home = client.get("/admin/").context["sidebar_navigation"]

    items = [item for group in home for item in group["items"]]
    badges = {str(item["link"]): item.get("badge") for item in items}
    assert badges[LIST] == 2


def test_the_list_costs_the_same_for_many(client, answering_staff, django_assert_max_num_queries):
    for number in range(20):
        conversation(f"Pessoa {number}", ("person", "oi"))

    with django_assert_max_num_queries(12):
        assert "Pessoa 19" in client.get(LIST).text


@pytest.mark.parametrize("term", ["maria@example.org", " Maria@Example.org "])
def test_a_person_is_found_by_the_whole_address_only(client, answering_staff, term):
    made = conversation("Alguém")
    conversation("Outra")
    made.lead.identities.create(
        kind="email",
        key=keyed_hash("email", "maria@example.org"),
        value="maria@example.org",
        proof="email",
        proven_at=timezone.now(),
    )

    found, part = (client.get(LIST, {"q": asked}).text for asked in (term, "maria@"))

    assert ("Alguém" in found, "Outra" in found) == (True, False)
    assert "Alguém" not in part


def test_a_conversation_reads_in_its_order_with_what_was_consented(client, answering_staff):
    made = conversation("Maria", ("person", "Primeiro"), ("agent", "Segundo"))
    made.lead.consents.create(purpose="unasked", is_given=True, channel="form")
    made.lead.consents.create(purpose="unasked", is_given=False, channel="web")
    made.lead.opted_out_at = timezone.now()
    made.lead.save()

    text = client.get(page(made)).text

    assert text.index("Primeiro") < text.index("Segundo")
    assert "Pediu para sair" in text
    assert "<strong>não</strong>" in text
    assert "<strong>sim</strong>" not in text


def test_long_conversations_come_in_parts(client, answering_staff, monkeypatch):
    monkeypatch.setattr("leads.admin.conversations.SHOWN", 3)
    made = conversation("Maria", *[("person", f"mensagem {number}.") for number in range(5)])

    latest = client.get(page(made))
    before = client.get(page(made), {"before": latest.context["older"]}).text

    assert "mensagem 1." not in latest.text
    assert "mensagem 4." in latest.text
    assert "mensagem 1." in before
    assert "mensagem 2." not in before


def test_what_came_late_stands_where_it_was_written(client, answering_staff, monkeypatch):
    monkeypatch.setattr("leads.admin.conversations.SHOWN", 3)
    made = conversation("Maria", *[("person", f"mensagem {number}.") for number in range(5)])
    moment = timezone.now() - timedelta(hours=1)
    for text in ("cedo", "também cedo"):  # in the same second
        made.messages.create(author="person", text=text, sent_at=moment)

    older = client.get(page(made)).context["older"]
    first = client.get(page(made), {"before": older})
    rest = client.get(page(made), {"before": first.context["older"]})

    assert [one.text for one in first.context["said"]] == [
        *("também cedo", "mensagem 0.", "mensagem 1.")
    ]
    assert [one.text for one in rest.context["said"]] == ["cedo"]
    assert rest.context["older"] is None


def test_a_page_before_what_is_said_elsewhere_is_the_first(client, answering_staff):
    made, other = (conversation(name, ("person", f"Oi, {name}")) for name in ("Maria", "Rosa"))

    text = client.get(page(made), {"before": other.messages.get().pk}).text

    assert "Oi, Maria" in text


def test_an_answer_takes_over_and_reaches_the_visitor(
    client, answering_staff, django_capture_on_commit_callbacks, published
):
    made = conversation(
        "Maria", ("person", "Quero falar com gente"), state="waiting", waiting_minutes=5
    )

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(page(made, "reply"), {"text": "Aqui é a Ana."}, follow=True)

    made.refresh_from_db()
    assert response.redirect_chain[0][0] == page(made)
    assert "Aqui é a Ana." in response.text
    assert (made.state, made.assigned_to, made.handed_off_at) == ("staff", answering_staff, None)
    assert sorted(published()) == ["message", "state"]
    assert made.messages.get(author="staff").delivery == "sent"


def test_an_empty_answer_is_none(client, answering_staff):
    made = conversation()

    client.post(page(made, "reply"), {"text": "  "})

    assert not Message.objects.exists()
    made.refresh_from_db()
    assert made.state == "agent"


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("waiting", "take_over", "staff"),
        ("staff", "hand_back", "agent"),
        ("waiting", "hand_back", "agent"),
        ("agent", "close", "closed"),
        ("closed", "take_over", "staff"),
    ],
)
def test_people_and_the_assistant_take_turns(client, answering_staff, before, action, after):
    made = conversation(state=before, waiting_minutes=3)

    response = client.post(page(made, "act"), {"action": action}, follow=True)

    made.refresh_from_db()
    assert made.state == after
    assert made.fence == 1
    assert response.status_code == 200


def test_who_may_only_look_changes_nothing(client, db):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_conversation"))
    client.force_login(staff)
    made = conversation("Maria", ("person", "oi"))

    assert "conversation-reply" not in client.get(page(made)).text
    assert client.post(page(made, "reply"), {"text": "oi"}).status_code == 403
    assert client.post(page(made, "act"), {"action": "close"}).status_code == 403
    assert client.get(page(made, "act")).status_code == 403
    assert Message.objects.count() == 1


def test_an_unknown_command_is_not_found(client, answering_staff):
    assert client.post(page(conversation(), "act"), {"action": "delete"}).status_code == 404
    assert client.get(f"{LIST}999999/thread/").status_code == 404


def test_the_open_page_learns_only_what_is_new(client, answering_staff):
    made = conversation("Maria", ("person", "oi"))
    first = client.get(page(made, "thread"))
    version = {"version": first.headers["X-Version"]}

    same = client.get(page(made, "thread"), version)
    made.messages.create(author="person", text="Ainda aqui")
    other = client.get(page(made, "thread"), version)

    assert same.status_code == 204
    assert "Ainda aqui" in other.text


def test_handing_back_leaves_to_the_assistant_what_no_person_answered(db):
    made = conversation(
        "Maria", ("person", "um"), ("staff", "dois"), ("person", "três"), state="staff"
    )
    asked = list(made.messages.filter(author="person").order_by("pk"))

    taking_over.hand_back(made, by=UserFactory(is_staff=True))

    made.refresh_from_db()
    assert asked[0].pk <= made.answered_through < asked[1].pk
    assert made.answer_due_at <= timezone.now()


def test_handing_back_what_was_answered_leaves_nothing_to_answer(db):
    made = conversation("Maria", ("person", "um"), ("staff", "dois"), state="staff")

    taking_over.hand_back(made, by=UserFactory(is_staff=True))

    made.refresh_from_db()
    assert made.answered_through == made.messages.get(author="person").pk
    assert made.answer_due_at is None


def test_taking_over_keeps_out_whoever_was_at_it(db):
    later = timezone.now() + timedelta(minutes=1)
    made = conversation(answer_due_at=later, lease_until=later, fence=7)

    taking_over.take_over(made, by=UserFactory(is_staff=True))

    made.refresh_from_db()
    assert (made.fence, made.lease_until, made.answer_due_at) == (8, None, None)


def test_taking_over_twice_changes_nothing_more(db):
    made, person = conversation(), UserFactory(is_staff=True)

    taking_over.take_over(made, by=person)
    taking_over.take_over(made, by=person)

    assert Conversation.objects.get().fence == 1


def test_the_last_of_two_who_take_over_has_it(db):
    made, (first, second) = conversation(), UserFactory.create_batch(2, is_staff=True)

    taking_over.take_over(made, by=first)
    taking_over.take_over(made, by=second)

    assert Conversation.objects.get().assigned_to == second

"""Staff edit sequences and switch them."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from leads.management import demo_follow_ups
from leads.models import Enrolment, FollowUp, Sequence
from leads.services import duty, sequences
from tests.factories import UserFactory
from tests.leads.agreed import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def page(name, sequence):
    return reverse(f"admin:leads_sequence_{name}", args=[sequence.pk])


def test_staff_switch_it_on_and_off(admin_client, sequence, make_lead):
    asked = admin_client.get(page("change", sequence)).text
    admin_client.post(page("activate", sequence), {"confirmed": "yes"})
    sequence.refresh_from_db()
    assert (sequence.is_active, sequence.active_since) == (True, NOON)

    on = admin_client.get(page("change", sequence)).text
    admin_client.post(page("deactivate", sequence), {"confirmed": "yes"})

    sequence.refresh_from_db()
    assert not sequence.is_active
    assert page("activate", sequence) in asked
    assert page("deactivate", sequence) not in asked
    assert page("activate", sequence) not in on


def form_of(sequence, **fields):
    steps = list(sequence.steps.order_by("position"))
    form = {
        "name": sequence.name,
        "trigger": sequence.trigger,
        "steps-TOTAL_FORMS": len(steps),
        "steps-INITIAL_FORMS": len(steps),
    }
    for number, step in enumerate(steps):
        names = ("position", "delay_minutes", "channel", "subject", "subject_en", "text_pt_br")
        form |= {f"steps-{number}-{name}": getattr(step, name) for name in (*names, "text_en")}
        form |= {f"steps-{number}-id": step.pk, f"steps-{number}-sequence": sequence.pk}
    return form | fields


def test_staff_edit_the_words(admin_client, sequence):
    form = form_of(sequence, **{"steps-0-text_pt_br": "Olá {name}, {city}"})

    admin_client.post(page("change", sequence), form)

    assert sequence.steps.get(position=1).text_pt_br == "Olá {name}, {city}"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("text_pt_br", "Olá {phone}", "Não existe a variável {phone}."),
        ("text_en", "{event}", "{event} só existe se"),
        ("subject", "", "Um e-mail precisa de assunto."),
    ],
)
def test_words_that_cannot_be_sent_are_refused(admin_client, sequence, field, value, says):
    form = form_of(sequence, **{f"steps-0-{field}": value})

    response = admin_client.post(page("change", sequence), form)

    assert says in response.text
    assert sequence.steps.get(position=1).text_pt_br == "Oi {name}!"


def test_the_trigger_of_an_active_one_stays(admin_client, sequence):
    """What happened before under another trigger would be taken up."""
    sequences.activate(sequence)

    admin_client.post(page("change", sequence), form_of(sequence, trigger="silent"))

    sequence.refresh_from_db()
    assert (sequence.trigger, sequence.is_active) == ("created", True)


def test_what_wrote_to_somebody_cannot_be_deleted(admin_client, sequence, make_lead):
    Enrolment.objects.create(sequence=sequence, lead=make_lead(), triggered_at=NOON)

    assert admin_client.post(page("delete", sequence), {"post": "yes"}).status_code == 403
    assert Sequence.objects.filter(pk=sequence.pk).exists()


def test_who_only_looks_switches_nothing(client, sequence):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_sequence"))
    client.force_login(staff)

    responses = [
        client.post(page("activate", sequence), {"confirmed": "yes"}),
        client.post(page("deactivate", sequence), {"confirmed": "yes"}),
    ]

    assert [response.status_code for response in responses] == [403, 403]
    assert client.get(page("dry_run", sequence)).status_code == 200
    sequence.refresh_from_db()
    assert not sequence.is_active


def test_the_demo_shows_them_and_sends_nothing(make_lead, sequence, mailoutbox):
    sequence.name = demo_follow_ups.NAME
    Sequence.objects.exclude(pk=sequence.pk).delete()
    sequence.save()
    staff = UserFactory(is_staff=True)

    demo_follow_ups.add([make_lead(email="a@example.org"), make_lead()], staff)

    statuses = FollowUp.objects.order_by("pk").values_list("status", "reason")
    assert list(statuses) == [("sent", ""), ("planned", ""), ("sent", ""), ("skipped", "replied")]
    assert duty.on_duty() == [staff]
    assert not mailoutbox


def test_the_demo_needs_no_starter(db):
    Sequence.objects.all().delete()

    demo_follow_ups.add([], UserFactory(is_staff=True))

    assert not FollowUp.objects.exists()

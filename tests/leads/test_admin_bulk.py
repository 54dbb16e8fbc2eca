"""Staff write to many leads: written, looked at with who gets it, sent."""

from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse

from leads.admin.bulk import BulkMessageAdmin
from leads.models import BulkMessage, Lead
from tests.factories import UserFactory
from tests.leads.agreed import NOON
from tests.plans import plan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


LIST = "admin:leads_lead_changelist"


def choose(**answers):
    return {
        "action": "write_to_selected",
        "_selected_action": list(Lead.objects.values_list("pk", flat=True)),
        **answers,
    }


def words(**fields):
    given = {"channel": "email", "subject": "Novidade", "text": "Oi {name}!", "token": uuid4()}
    return {**given, **fields}


def test_staff_write_look_and_send(admin_client, everybody):
    asked = admin_client.post(reverse(LIST), choose())
    looked = admin_client.post(reverse(LIST), choose(step="look", **words()))
    assert not BulkMessage.objects.exists()
    sent = admin_client.post(reverse(LIST), choose(step="send", **words()), follow=True)

    assert asked.text.count("1 contato recebe.") == 2  # by each channel
    assert "1 não quer receber." in asked.text
    assert "2 nunca concordaram" in asked.text
    assert "1 não tem endereço comprovado ali." in asked.text
    assert looked.text.count("1 contato recebe.") == 1
    assert "Oi Iara!" in looked.text
    assert "1 mensagem está planejada." in sent.text
    assert BulkMessage.objects.get().text == "Oi {name}!"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"subject": ""}, "Um e-mail precisa de assunto."),
        ({"text": "Oi {phone}"}, "Não existe a variável {phone}."),
        ({"text": "{event}"}, "{event} só existe se"),
        ({"text": ""}, "obrigatório"),
    ],
)
def test_what_cannot_be_sent_is_asked_again(admin_client, everybody, given, says):
    response = admin_client.post(reverse(LIST), choose(step="send", **words(**given)))

    assert says in response.text
    assert not BulkMessage.objects.exists()


def test_nobody_to_write_to_is_told(admin_client, make_lead):
    make_lead()

    response = admin_client.post(reverse(LIST), choose(step="send", **words()), follow=True)

    assert "Nenhuma destas pessoas" in response.text


def test_only_who_may_write_can(client, everybody):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_lead"))
    client.force_login(staff)

    client.post(reverse(LIST), choose(step="send", **words()))

    assert "write_to_selected" not in client.get(reverse(LIST)).text
    assert not BulkMessage.objects.exists()


def sent_to(leads, *statuses):
    message = BulkMessage.objects.create(
        token=uuid4(), channel="email", text="Oi", written_by=UserFactory(is_staff=True)
    )
    for lead, status in zip(leads, statuses, strict=False):
        message.copies.create(lead=lead, status=status, due_at=NOON, sent_at=NOON)
    return message


def test_staff_see_how_far_each_is(admin_client, make_lead):
    leads = [make_lead() for _ in range(4)]
    sent_to(leads, "sent", "sent", "skipped", "planned")
    sent_to(leads, "failed")
    sent_to([])  # all were erased

    shown = admin_client.get(reverse("admin:leads_bulkmessage_changelist")).text

    assert "2 de 4 enviadas, 1 deixadas de fora, 0 com falha" in shown
    assert "0 de 1 enviadas, 0 deixadas de fora, 1 com falha" in shown
    assert "0 de 0 enviadas, 0 deixadas de fora, 0 com falha" in shown


def test_only_what_the_page_shows_is_counted(rf):
    rows = BulkMessageAdmin(BulkMessage, admin.site).get_queryset(rf.get("/"))

    steps = plan(rows.order_by("-created_at", "-pk")[:20])

    parts = [steps.index(part) for part in ("Limit", "Result", "Sort", "SubPlan", "Aggregate")]
    assert parts == sorted(parts)

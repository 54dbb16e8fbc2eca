"""Staff switch a sequence on and write to many; a lead says that it is enough."""

import re

import pytest
from django.utils import timezone

from leads.models import BulkMessage, Lead, Sequence
from leads.services import opting_out
from tests.browser.test_admin import choose
from tests.leads.agreed import lead_who_agreed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leads(transactional_db):
    names = ["Iara Lima", "Bia Souza", "Caio"]
    people = [lead_who_agreed(name=name, email=f"p{n}@example.org") for n, name in enumerate(names)]
    people.append(lead_who_agreed(name="Dora", opted_out_at=timezone.now()))
    people.append(lead_who_agreed(name="Edu", agreed=False))
    return people


def test_a_sequence_is_tried_and_switched_on(signed_in, leads):
    screen, page = signed_in, signed_in.page
    sequence = Sequence.objects.create(name="Boas-vindas", trigger="created")
    for position, minutes in ((1, 60), (2, 4320)):
        sequence.steps.create(
            position=position,
            delay_minutes=minutes,
            channel="email",
            subject="Que bom ter você por perto",
            text_pt_br="Oi {name}!\n\nNos mutirões, qualquer pessoa ajuda.",
        )

    screen.open("/admin/leads/sequence/")
    screen.open(f"/admin/leads/sequence/{sequence.pk}/change/", "sequence")
    choose(screen, "dry-run")
    page.wait_for_url(re.compile("/dry-run/"))
    screen.look("sequence-dry-run")
    screen.open(f"/admin/leads/sequence/{sequence.pk}/change/", "sequence-again")
    choose(screen, "activate")
    screen.look("sequence-activate")
    page.click("#content button[type=submit]")
    page.wait_for_url(re.compile(r"/sequence/\d+/change/"))
    screen.look("sequence-active")

    sequence.refresh_from_db()
    assert sequence.is_active


def test_staff_write_to_many(signed_in, leads):
    screen, page = signed_in, signed_in.page

    screen.open("/admin/leads/lead/")
    page.check("#action-toggle")
    page.select_option("select[name=action]", "write_to_selected")
    page.click("#changelist-actions button[name=index], button[name=index]")
    page.fill("#id_subject", "Sábado tem mutirão")
    page.fill("#id_text", "Oi {name}! Sábado, às nove, na praça.")
    page.select_option("#id_channel", "email")
    screen.look("bulk-written")
    page.click("button[value=look]")
    screen.look("bulk-preview")
    page.click("button[value=send]")
    page.wait_for_url(re.compile("/admin/leads/lead/"))
    screen.look("bulk-sent")
    screen.open("/admin/leads/bulkmessage/")
    screen.open("/admin/leads/followup/")

    assert BulkMessage.objects.get().copies.count() == 3


def test_a_lead_says_that_it_is_enough(screen, leads):
    page = screen.page
    path = "/" + opting_out.link(leads[0]).partition("://")[2].partition("/")[2]

    screen.open(path, "opt-out")
    page.click("button")
    screen.look("opt-out-done")
    page.click("main a")
    screen.look("opt-out-return")
    page.click("button")
    screen.look("opt-out-returned")

    assert Lead.objects.get(pk=leads[0].pk).opted_out_at is None

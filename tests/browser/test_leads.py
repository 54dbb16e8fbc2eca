"""Leads in a real browser, on a desk and on a phone."""

from io import StringIO

import pytest
from django.core.management import call_command

from leads.models import Lead
from tests.browser.test_roles import check_access


@pytest.fixture
def people(transactional_db):
    call_command("populate", stdout=StringIO())


def test_a_lead_is_moved_on_the_board_and_looked_after(people, signed_in):
    page, rosa = signed_in.page, Lead.objects.get(name="Rosa Lima")

    signed_in.open("/admin/leads/lead/board/", "board")
    check_access(signed_in, "board")
    card = page.locator("article", has_text="Rosa Lima")
    card.get_by_role("button", name="Qualificar").click()
    signed_in.look("board-moved")
    rosa.refresh_from_db()
    assert rosa.stage == "qualified"

    page.get_by_role("link", name="Rosa Lima").click()
    signed_in.look("lead")
    check_access(signed_in, "lead")
    for tab in ("Identidades", "Dados informados", "Formulários", "Consentimentos", "Etapas"):
        page.get_by_role("link", name=tab).first.click()
        signed_in.look(f"lead-{tab}")
    signed_in.open("/admin/leads/lead/", "leads")
    signed_in.open(f"/admin/leads/lead/{rosa.pk}/merge/", "merge")
    signed_in.open("/admin/leads/leadimport/add/", "lead-import")

"""Staff look after leads in the admin."""

import json
import re

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command

from leads.models import Lead, LeadMerge
from leads.services import merging
from tests.factories import UserFactory
from tests.leads.conftest import form, from_whatsapp
from tests.leads.test_merging import chat
from users.models import User

LIST = "/admin/leads/lead/"
BOARD = f"{LIST}board/"
pytestmark = pytest.mark.django_db


def page(lead, command="change"):
    return f"{LIST}{lead.pk}/{command}/"


def press(client, lead, command, **answers):
    response = client.post(page(lead, command), {"confirmed": "yes", **answers})
    lead.refresh_from_db()
    return response


@pytest.fixture
def rosa():
    return form(email="rosa@example.org", phone="(81) 98765-4321", name="Rosa", city="Recife")


def names(text):
    return re.findall(r"<h3><a [^>]*>([^<]+)</a>", text)


def test_the_board_has_a_column_for_each_stage(admin_client, rosa):
    Lead.objects.create(name="Rui", source="web", stage="lost", lost_reason="Mudou-se.")

    text = admin_client.get(BOARD).text

    assert [
        title.strip() for title in re.findall(r'class="lead-column" aria-label="([^"]+)"', text)
    ] == [*("novo", "qualificado", "convidado", "voluntário", "perdido")]
    assert names(text) == ["Rosa", "Rui"]
    assert "rosa@example.org" not in text


def test_a_button_of_the_board_moves_a_lead(admin_client, admin_user, rosa):
    admin_client.post(BOARD, {"move": f"{rosa.pk}:qualified"})

    rosa.refresh_from_db()
    assert rosa.stage == "qualified"
    assert rosa.stage_changes.get().changed_by == admin_user


@pytest.mark.parametrize("move", ["", "x", ":new", "1:volunteer", "99999999:new", "1:lost:x"])
def test_nonsense_moves_nothing(admin_client, rosa, move):
    assert admin_client.post(BOARD, {"move": move}).status_code in (403, 404)
    rosa.refresh_from_db()
    assert rosa.stage == "new"


def test_only_ones_own_leads_are_shown(admin_client, admin_user, rosa):
    mine = from_whatsapp("+5511987654321", name="Rui")
    Lead.objects.filter(pk=mine.pk).update(assigned_to=admin_user)

    assert names(admin_client.get(f"{BOARD}?mine=1").text) == ["Rui"]


@pytest.mark.parametrize("number", [2, 20])
def test_the_board_takes_as_many_queries_however_many_leads(
    admin_client, number, django_assert_max_num_queries
):
    for each in range(number):
        form(email=f"a{each}@example.org", name="A")
    admin_client.get(BOARD)

    with django_assert_max_num_queries(11):
        admin_client.get(BOARD)


def test_who_only_looks_moves_nothing(client, rosa):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_lead"))
    client.force_login(staff)

    text = client.get(BOARD).text

    assert names(text) == ["Rosa"]
    assert 'name="move"' not in text
    assert client.post(BOARD, {"move": f"{rosa.pk}:qualified"}).status_code == 403
    assert client.post(page(rosa, "lose"), {"confirmed": "yes", "reason": "x"}).status_code == 403


def test_leads_are_found_by_what_they_are_known_by(admin_client, rosa):
    from_whatsapp("+5511987654321", name="Rui")
    Lead.objects.filter(pk=rosa.pk).update(tags=["horta"])

    def found(term):
        return [lead.name for lead in admin_client.get(LIST, {"q": term}).context["cl"].queryset]

    assert found("ROSA@example.org") == found("recife") == found("horta") == ["Rosa"]
    assert found("11 98765-4321") == ["Rui"]
    assert found("rosa@") == found("98765") == []
    assert "rosa@example.org" not in admin_client.get(LIST).text


def test_a_page_shows_all_that_is_known(admin_client, rosa, admin_user):
    chat(rosa, "Bom dia")
    rosa.notes.create(author=admin_user, text="Ligou ontem")
    press(admin_client, rosa, "lose", reason="Mudou-se")

    text = admin_client.get(page(rosa)).text

    for word in ("rosa@example.org", "+5581987654321", "Ligou ontem", "Mudou-se", "Concordo em"):
        assert word in text, word


def test_staff_change_facts_and_the_place_follows(admin_client, rosa):
    body = {
        "name": "Rosa Lima",
        "city": "Manaus",
        "state": "PE",
        "language": "en",
        "tags": "A, b,a",
    }

    response = admin_client.post(page(rosa), body)

    assert response.status_code == 302, response.context["adminform"].form.errors
    rosa.refresh_from_db()
    assert (rosa.name, rosa.time_zone) == ("Rosa Lima", "America/Manaus")
    assert rosa.tags == ["a", "b"]


def test_commands_call_their_services(admin_client, admin_user, rosa):
    press(admin_client, rosa, "qualify")
    press(admin_client, rosa, "invite")
    press(admin_client, rosa, "add_note", text="Vem sábado")
    press(admin_client, rosa, "assign_to_me")
    assert (rosa.stage, rosa.assigned_to) == ("invited", admin_user)
    assert rosa.notes.get().text == "Vem sábado"

    press(admin_client, rosa, "convert")
    assert (rosa.stage, rosa.user.email) == ("volunteer", "rosa@example.org")


def test_only_what_leads_on_is_offered(admin_client, rosa):
    text = admin_client.get(page(rosa)).text

    assert page(rosa, "qualify") in text
    assert page(rosa, "convert") in text
    assert page(rosa, "invite") not in text


def test_look_alikes_are_merged_from_the_page_and_parted_again(admin_client, rosa):
    other = from_whatsapp("+5581987654321", name="Rosa L.")
    chat(other, "Oi")
    from_whatsapp("+5511912345678", name="Estranho")

    asked = admin_client.get(page(rosa, "merge"))
    press(admin_client, rosa, "merge", other=other.pk, reason="Mesmo número")

    assert "Rosa L. (" in asked.text
    assert "Estranho" not in asked.text
    assert rosa.conversations.count() == 1
    tab = {"action": "undo", "dataset": "MergesTab", "_selected_action": LeadMerge.objects.get().pk}
    datasets = re.findall(r'name="dataset" value="([^"]+)"', admin_client.get(page(rosa)).text)
    tab["dataset"] = next(name for name in datasets if "merge" in name.lower())
    admin_client.post(page(rosa), tab)
    assert LeadMerge.objects.get().undone_at
    assert other.conversations.count() == 1


def test_two_chosen_leads_are_merged_after_a_preview(admin_client, rosa):
    other = from_whatsapp("+5511987654321", name="Rui")
    chosen = {"action": "merge_selected", "_selected_action": [rosa.pk, other.pk]}

    asked = admin_client.post(LIST, chosen)
    assert f"#{other.pk} Rui (" in asked.text
    assert not LeadMerge.objects.exists()
    admin_client.post(LIST, {**chosen, "confirmed": "yes", "reason": "Mesma pessoa"})

    merge = LeadMerge.objects.get()
    assert (merge.kept, merge.gone) == (rosa, other)


def test_one_chosen_lead_is_merged_with_nobody(admin_client, rosa):
    chosen = {"action": "merge_selected", "_selected_action": [rosa.pk]}

    assert admin_client.post(LIST, chosen).status_code == 302
    assert not LeadMerge.objects.exists()


def test_who_is_part_of_another_is_only_shown(admin_client, rosa):
    other = from_whatsapp("+5511987654321", name="Rui")
    merging.merge(rosa, other, by=None, reason="Mesma pessoa")

    text = admin_client.get(page(other)).text

    assert page(other, "merge") not in text
    assert 'name="_save"' not in text
    assert [lead.pk for lead in admin_client.get(LIST).context["cl"].queryset] == [rosa.pk]


def test_a_copy_is_taken_and_a_lead_erased(admin_client, rosa):
    copy = json.loads(admin_client.get(page(rosa, "take_copy")).content)

    assert copy["lead_identities"][0]["value"] == "rosa@example.org"
    admin_client.post(page(rosa, "erase"), {"confirmed": "yes", "reason": "Pediu"})
    assert not Lead.objects.exists()


def test_the_demo_has_somebody_in_every_stage(capsys, mailoutbox):
    call_command("populate")

    assert set(Lead.objects.values_list("stage", flat=True)) == set(Lead.Stage.values)
    assert Lead.objects.filter(opted_out_at__isnull=False).exists()
    assert Lead.objects.get(stage="volunteer").user in User.objects.all()
    assert mailoutbox == []

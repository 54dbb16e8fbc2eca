"""Tables of leads: brought, checked, looked at, imported; and taken away."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.tables import writing
from leads.models import Lead, LeadImport
from leads.services import consent, imports
from tests.factories import UserFactory
from tests.leads.conftest import form, from_whatsapp, whole_database
from tests.together import run_together

LIST = "/admin/leads/leadimport/"
LEADS = "/admin/leads/lead/"
HEAD = "nome,e-mail,telefone,cidade,etiquetas,observação,consentimento"


@pytest.fixture
def bring(admin_client, django_capture_on_commit_callbacks):
    def upload(*lines, head=HEAD):
        file = SimpleUploadedFile("contatos.csv", "\n".join([head, *lines]).encode())
        with django_capture_on_commit_callbacks(execute=True):
            response = admin_client.post(f"{LIST}add/", {"table": file})
        return response, LeadImport.objects.order_by("pk").last()

    return upload


@pytest.fixture
def confirm(admin_client, django_capture_on_commit_callbacks):
    def press(row):
        with django_capture_on_commit_callbacks(execute=True):
            admin_client.post(f"{LIST}{row.pk}/confirm/", {"confirmed": "yes"})
        row.refresh_from_db()
        return row

    return press


def counts(row):
    return (row.new_count, row.changed_count, row.same_count, row.error_count)


ROSA = 'Rosa,Rosa@Example.org,(81) 98765-4321,Recife,"horta, Praia",Ligou ontem,Concordo.'


def test_leads_are_made_after_a_look(bring, confirm, admin_client, admin_user, mailoutbox):
    response, row = bring(ROSA, "Rui,,(11) 8765-4321,,,,")

    assert (row.status, counts(row)) == ("checked", (2, 0, 0, 0))
    assert not Lead.objects.exists()
    assert "rosa@example.org" in admin_client.get(response.url).text

    row = confirm(row)

    rosa, rui = Lead.objects.order_by("pk")
    assert (row.status, counts(row), row.rows) == ("done", (2, 0, 0, 0), [])
    assert (rosa.name, rosa.state, rosa.tags, rosa.source) == (
        *("Rosa", "PE", ["horta", "praia"], "import"),
    )
    assert rosa.identities.get().value == "rosa@example.org"
    assert {claim.kind for claim in rosa.claims.all()} == {"email", "phone"}
    assert rosa.notes.get().author == admin_user
    assert rui.identities.get().value == "+5511987654321"
    assert consent.may_write_unasked(rosa)
    assert rosa.consents.get().proof == {"import": row.pk, "line": 2, "by": admin_user.pk}
    assert not consent.may_write_unasked(rui)
    assert mailoutbox == []


def test_who_is_there_already_is_shown_and_left_as_they_are(bring, confirm, admin_client):
    known = form(email="rosa@example.org", name="Rosa")
    heard = form(email="rui@example.org", phone="(11) 98765-4321", name="Rui")

    response, row = bring(
        "Outra,ROSA@example.org,,Natal,,,", "Rui,,11 8765-4321,,,,", "Ana,ana@example.org,,,,,"
    )
    confirmed = confirm(row)

    assert counts(row) == (1, 0, 2, 0)
    assert row.duplicates == [[2, known.pk], [3, heard.pk]]
    assert f"{LEADS}{known.pk}/change/" in admin_client.get(response.url).text
    assert counts(confirmed) == (1, 0, 2, 0)
    known.refresh_from_db()
    assert (known.name, known.city) == ("Rosa", "")


def test_each_wrong_line_has_its_error_and_the_others_are_imported(bring, confirm):
    _response, row = bring(
        "Certo,certo@example.org,,,,,",
        "Errado,errado,,,,,",
        "Fone,,123,,,,",
        "Nada,,,,,,",
        "=1+1,formula@example.org,,,,,",
        "Outra vez,CERTO@example.org,,,,,",
        f"{'x' * 151},longo@example.org,,,,,",
    )
    confirmed = confirm(row)

    assert counts(row) == (1, 0, 0, 6)
    assert [line for line, _text in row.errors] == [3, 4, 5, 6, 7, 8]
    assert row.errors[4] == [7, "O mesmo e-mail ou telefone da linha 2."]
    assert counts(confirmed) == (1, 0, 0, 6)
    assert Lead.objects.get().name == "Certo"


def test_an_import_that_is_repeated_makes_nobody_twice(bring, confirm):
    for _turn in range(2):
        _response, row = bring(ROSA)
        confirm(row)

    row.refresh_from_db()
    assert counts(row) == (0, 0, 1, 0)
    assert Lead.objects.count() == 1


def test_a_table_without_contacts_is_refused(bring):
    response, row = bring("Rosa,Recife", head="nome,cidade")

    assert "e-mail" in response.context["form"].errors["table"][0] or "email" in str(
        response.context["form"].errors["table"][0]
    )
    assert row is None


def test_what_a_table_holds_of_people_is_encrypted(bring):
    bring(ROSA, "Errado,errado@,,,,,")

    words = ("rosa@example.org", "987654321", "Ligou ontem", "errado@")
    assert not {(word, row) for row in whole_database() for word in words if word in row}


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_each_lead_once():
    row = imports.begin_import(
        "a.csv", [["email"], *[[f"p{n}@example.org"] for n in range(40)]], by=UserFactory()
    )
    LeadImport.objects.update(status="importing", position=0, new_count=0)

    run_together(*[lambda: imports.run_import(row.pk)] * 3)

    row.refresh_from_db()
    assert (row.status, counts(row)) == ("done", (40, 0, 0, 0))
    assert Lead.objects.count() == 40


# --- Taking away --------------------------------------------------------------------------


def export(client, *leads, action="export_csv"):
    chosen = {"action": action, "_selected_action": [lead.pk for lead in leads]}
    response = client.post(LEADS, chosen)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_leads_go_out_safely_with_their_contacts(admin_client):
    evil = "=HYPERLINK(1)"
    lead = form(email="rosa@example.org", name=evil, city="@SUM(1)")
    phone = from_whatsapp("+5511987654321", name="Rui")

    first, second = export(admin_client, lead, phone)

    assert (first["email"], second["phone"]) == ("rosa@example.org", "'+5511987654321")
    assert first["name"].startswith("'")
    assert writing.plain(first["name"]) == evil
    assert first["city"].startswith("'")


@pytest.mark.parametrize("number", [3, 30])
def test_export_needs_a_fixed_number_of_queries(
    admin_client, number, django_assert_max_num_queries
):
    leads = [form(email=f"a{each}@example.org") for each in range(number)]
    export(admin_client, leads[0])

    with django_assert_max_num_queries(11):
        assert len(export(admin_client, *leads)) == number

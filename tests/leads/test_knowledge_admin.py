"""Staff teach the agent in the admin."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from leads.models import Chunk, Document, OpenQuestion
from leads.services import knowledge
from tests.factories import UserFactory

ADD = reverse("admin:leads_document_add")
CHUNKS = "admin:leads_chunk_changelist"


@pytest.fixture
def on_commit(django_capture_on_commit_callbacks):
    """Run what waits for the commit of each request."""

    def post(client, url, answers):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, answers)

    return post


def only(*permissions):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return staff


def test_file_is_uploaded_read_and_shown(admin_client, admin_user, on_commit):
    file = SimpleUploadedFile("guia.md", b"## Chuva\nSe chover, vamos.")

    response = on_commit(admin_client, ADD, {"kind": "file", "title": "Guia", "file": file})

    document = Document.objects.get()
    assert response.status_code == 302, response.context["errors"]
    assert (document.status, document.added_by) == ("ready", admin_user)
    assert document.file.name.startswith("knowledge/")
    chunks = reverse(CHUNKS) + f"?document__id__exact={document.pk}"
    assert chunks in admin_client.get(reverse("admin:leads_document_changelist")).text
    assert "Se chover, vamos." in admin_client.get(chunks).text


def test_staff_see_since_when_a_page_says_what_it_says(admin_client):
    document = Document.objects.create(
        kind="url",
        title="Horta",
        url="https://example.org/",
        status="failed",
        fetched_at=datetime(2027, 3, 4, 15, tzinfo=UTC),
    )

    page = admin_client.get(reverse("admin:leads_document_change", args=[document.pk])).text

    assert "Buscado em" in page
    assert "de 2027 às 12:00" in page
    assert "Buscado em" not in admin_client.get(ADD).text


def test_faq_row_is_added_and_changed(admin_client, on_commit):
    on_commit(admin_client, ADD, {"kind": "faq", "title": "Posso ir?", "text": "Não."})
    document = Document.objects.get()
    page = reverse("admin:leads_document_change", args=[document.pk])

    on_commit(admin_client, page, {"title": "Posso ir?", "text": "Sim."})

    assert Chunk.objects.get().text == "Posso ir?\nSim."


def test_document_that_gets_more_time_is_found_again(admin_client, on_commit):
    on_commit(admin_client, ADD, {"kind": "faq", "title": "Posso ir?", "text": "Sim."})
    Document.objects.update(expires_at=timezone.now() - timedelta(days=1))
    knowledge.expire_documents()
    assert not Chunk.objects.exists()
    page = reverse("admin:leads_document_change", args=[Document.objects.get().pk])
    later = timezone.localtime() + timedelta(days=9)
    until = {"expires_at_0": later.strftime("%d/%m/%Y"), "expires_at_1": "12:00:00"}

    on_commit(admin_client, page, {"title": "Posso ir?", "text": "Sim.", **until})

    assert Document.objects.get().status == "ready"
    assert Chunk.objects.get().text == "Posso ir?\nSim."


@pytest.mark.parametrize("kind", ["file", "url", "faq", "event", ""])
def test_each_kind_says_what_it_lacks(admin_client, kind):
    response = admin_client.post(ADD, {"kind": kind, "title": "x"})

    assert response.status_code == 200
    assert len(response.context["errors"]) == 1
    assert not Document.objects.exists()


def test_file_that_is_too_large_is_refused(admin_client, monkeypatch):
    monkeypatch.setattr("leads.knowledge.reading.LARGEST", 10)
    file = SimpleUploadedFile("a.txt", b"x" * 11)

    response = admin_client.post(ADD, {"kind": "file", "title": "x", "file": file})

    assert "10 MB" in response.text
    assert not Document.objects.exists()


def test_unreadable_file_is_told(admin_client, on_commit):
    file = SimpleUploadedFile("a.pdf", b"%PDF-1.7 broken")

    on_commit(admin_client, ADD, {"kind": "file", "title": "x", "file": file})

    document = Document.objects.get()
    page = admin_client.get(reverse("admin:leads_document_change", args=[document.pk]))
    assert document.status == "failed"
    assert document.error in page.text


def test_deleting_in_the_list_takes_passages_and_files_along(admin_client, on_commit, disk):
    file = SimpleUploadedFile("guia.md", b"## Chuva\nVamos.")
    on_commit(admin_client, ADD, {"kind": "file", "title": "Guia", "file": file})
    document = Document.objects.get()
    answers = {"action": "delete_selected", "_selected_action": [document.pk], "post": "yes"}

    on_commit(admin_client, reverse("admin:leads_document_changelist"), answers)

    assert not Chunk.objects.exists()
    assert list((disk / "knowledge").iterdir()) == []


def test_document_is_read_again_at_a_click(admin_client, on_commit):
    document = Document.objects.create(kind="faq", title="x", text="y", status="failed")
    page = reverse("admin:leads_document_reread", args=[document.pk])

    on_commit(admin_client, page, {"confirmed": "yes"})

    document.refresh_from_db()
    assert document.status == "ready"


def test_event_is_only_looked_at(admin_client):
    document = Document.objects.create(kind="event", title="x", text="y", source="event:1")
    page = reverse("admin:leads_document_change", args=[document.pk])

    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"title": "z"}).status_code == 403


def test_questions_of_a_passage_are_written(admin_client, on_commit):
    document = Document.objects.create(kind="faq", title="Posso ir?", text="Sim.")
    knowledge.read_document(document.pk)
    page = reverse("admin:leads_chunk_change", args=[Chunk.objects.get().pk])
    assert "Posso ir?" in admin_client.get(page).text

    on_commit(admin_client, page, {"questions": "dá pra ir?\nrola de eu ir?\n"})

    assert Chunk.objects.get().asked == "dá pra ir?\nrola de eu ir?"


def test_open_question_is_answered_for_everyone_at_a_click(admin_client, on_commit):
    question = OpenQuestion.objects.create(text="tem vaga pra moto?")
    page = reverse("admin:leads_openquestion_answer", args=[question.pk])
    assert "tem vaga pra moto?" in admin_client.get(page).text

    on_commit(admin_client, page, {"confirmed": "yes", "answer": "Sim, na frente."})

    assert Chunk.objects.get().text == "tem vaga pra moto?\nSim, na frente."
    shown = admin_client.get(reverse("admin:leads_openquestion_change", args=[question.pk])).text
    assert page not in shown


def test_open_question_is_set_aside(admin_client, on_commit):
    question = OpenQuestion.objects.create(text="oi")
    page = reverse("admin:leads_openquestion_set_aside", args=[question.pk])

    on_commit(admin_client, page, {"confirmed": "yes"})

    question.refresh_from_db()
    assert question.handled_at
    assert not Document.objects.exists()


def test_who_may_not_write_documents_answers_nobody(client, db):
    question = OpenQuestion.objects.create(text="oi")
    client.force_login(only("view_openquestion", "change_openquestion"))
    page = reverse("admin:leads_openquestion_answer", args=[question.pk])

    response = client.post(page, {"confirmed": "yes", "answer": "x"})

    assert response.status_code == 403
    assert not Document.objects.exists()


def test_who_only_looks_changes_nothing(client, db):
    document = Document.objects.create(kind="faq", title="x", text="y")
    client.force_login(only("view_document", "view_chunk", "view_openquestion"))

    assert client.get(reverse("admin:leads_document_changelist")).status_code == 200
    assert client.get(ADD).status_code == 403
    page = reverse("admin:leads_document_reread", args=[document.pk])
    assert client.post(page, {"confirmed": "yes"}).status_code == 403

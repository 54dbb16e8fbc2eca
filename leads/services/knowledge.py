"""What staff teach the agent: documents come, are read, are asked about, and go."""

from collections.abc import Iterable
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config import files
from config.errors import DependencyAway, DomainError
from leads.knowledge import events, fetching, indexing, reading
from leads.knowledge.chunks import Passage
from leads.knowledge.reading import Unreadable
from leads.models import Chunk, ChunkQuestion, Document, OpenQuestion
from leads.tasks import knowledge as tasks
from users.models import User

Status = Document.Status
MAX_ATTEMPTS = 5
# So long a document rests after a try that failed by no fault of its own.
REST = timedelta(minutes=5)
MOST_QUESTIONS = 20
# Passages that are embedded with their document; of a longer one the rest follows.
AT_ONCE = 200
MOST_AT_ONCE = 100  # documents that a sweep starts


class AlreadyHandled(DomainError):
    code = "already_handled"
    message = _("This question was handled already.")


class ChunkGone(DomainError):
    code = "chunk_gone"
    message = _("The document was read again meanwhile, and this passage is no more.")


class NoAnswer(DomainError):
    code = "no_answer"
    message = _("Write the question and the answer.")


def reread(document: Document) -> None:
    """Let a task read the document; what it said before serves until that is done."""
    fresh = {"status": Status.WAITING, "attempts": 0, "error": "", "claimed_at": None}
    Document.objects.filter(pk=document.pk).update(**fresh, updated_at=timezone.now())
    tasks.read_document.delay_on_commit(document.pk)


def read_document(document_id: int) -> None:
    """Read, cut and embed one document, unless another worker is at it.

    No transaction is open meanwhile. The claim is the moment in `claimed_at`: who lost it, or
    whose document was changed or deleted, writes nothing.
    """
    document = _claimed(document_id)
    if document is None:
        return
    try:
        text = _text_of(document)
        passages = _passages_of(document, text)
    except DependencyAway:
        _wait(document)
    except Unreadable as error:
        _refuse(document, error)
    except SoftTimeLimitExceeded:
        _refuse(document, Unreadable(_("It takes too long to read.")))
    else:
        _keep(document, text, passages)


def _claimed(document_id: int) -> Document | None:
    waiting = Document.objects.waiting().filter(pk=document_id, attempts__lt=MAX_ATTEMPTS)
    now = timezone.now()
    claim = {"status": Status.INDEXING, "claimed_at": now, "attempts": F("attempts") + 1}
    return Document.objects.get(pk=document_id) if waiting.update(**claim) else None


def _mine(document: Document) -> Document | None:
    """The document, locked, while the claim is still ours."""
    claimed = {"pk": document.pk, "status": Status.INDEXING, "claimed_at": document.claimed_at}
    return Document.objects.select_for_update().filter(**claimed).first()


def _text_of(document: Document) -> str:
    if document.kind == Document.Kind.URL:
        return fetching.fetch(document.url)
    if document.kind != Document.Kind.FILE:
        return document.text
    try:
        with document.file.open() as file:
            return reading.text_of(file.read(reading.LARGEST + 1), name=document.file.name or "")
    except FileNotFoundError as error:
        raise Unreadable(_("The file is missing.")) from error


def _passages_of(document: Document, text: str) -> list[Passage]:
    """At least one: what is ready can be found."""
    if passages := indexing.passages_of(document, text):
        return passages
    raise Unreadable(_("There is nothing under its headings."))


def _keep(document: Document, text: str, passages: list[Passage]) -> None:
    texts = [text for one in passages[:AT_ONCE] for text in (one.text, *one.questions)]
    vectors = indexing.vectors_of(texts, indexing.index())
    with transaction.atomic():
        mine = _mine(document)
        if mine is None:
            return
        indexing.write(mine, passages, vectors)
        mine.status, mine.error, mine.attempts = Status.READY, "", 0
        mine.checksum, mine.fetched_at = indexing.checksum(text), document.claimed_at
        if document.kind in (Document.Kind.URL, Document.Kind.FILE):
            mine.text = text
        mine.save()
        # What is left of a long one, and what staff asked of its passages.
        tasks.embed_waiting.delay_on_commit()
        tasks.propose_questions.delay_on_commit()


def _refuse(document: Document, error: Unreadable) -> None:
    """Tell staff why it cannot be read; a page that is gone takes its passages along."""
    with transaction.atomic():
        if mine := _mine(document):
            mine.status, mine.error = Status.FAILED, str(error.sentence)[:200]
            mine.save(update_fields=["status", "error", "updated_at"])
            if isinstance(error, fetching.Gone):
                mine.chunks.all().delete()


def _wait(document: Document) -> None:
    with transaction.atomic():
        if mine := _mine(document):
            mine.status, mine.error = Status.WAITING, str(_("The site does not answer."))
            mine.save(update_fields=["status", "error", "updated_at"])


def waiting_documents() -> list[int]:
    """Give up on what failed too often; return what else nobody reads."""
    waiting = Document.objects.waiting()
    worn = {"status": Status.FAILED, "error": str(_("It could not be read in five tries."))}
    waiting.filter(attempts__gte=MAX_ATTEMPTS).update(**worn)
    rested = Q(claimed_at=None) | Q(claimed_at__lt=timezone.now() - REST)
    return list(waiting.filter(rested).order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])


def expire_documents() -> None:
    """Remove what documents said whose time is over; since then it was not found any more."""
    expired = Document.objects.expired().filter(
        Q(kind=Document.Kind.EVENT) | Exists(Chunk.objects.filter(document=OuterRef("pk")))
    )
    for document in expired:
        if document.kind == Document.Kind.EVENT:  # made by a task, and of no use to staff
            delete_document(document)
        else:
            _forget(document)


@transaction.atomic
def _forget(document: Document) -> None:
    """Unless it was given more time meanwhile."""
    if mine := Document.objects.expired().select_for_update().filter(pk=document.pk).first():
        mine.chunks.all().delete()


@transaction.atomic
def delete_document(document: Document) -> None:
    """The document, its passages and their vectors go in one transaction; then its file.

    The lock comes first, as in reading it, or the two would wait for each other.
    """
    if mine := Document.objects.select_for_update().filter(pk=document.pk).first():
        files.delete_on_commit([mine.file.name])
        mine.delete()


def refresh_pages() -> None:
    """Read all web pages again, and what failed by no fault of its own."""
    pages = Document.objects.current().filter(kind=Document.Kind.URL)
    for document in pages.exclude(status__in=(Status.WAITING, Status.INDEXING)):
        reread(document)


def refresh_events() -> None:
    """Bring in what is published and to come; take out what is not any more."""
    wanted = {one.source: one for one in events.upcoming()}
    mine = Document.objects.filter(kind=Document.Kind.EVENT)
    for document in mine.exclude(source__in=wanted):
        delete_document(document)
    known = dict(mine.values_list("source", "checksum"))
    for source, event in wanted.items():
        if known.get(source) != indexing.checksum(event.text):
            document, _created = Document.objects.update_or_create(
                source=source, defaults=event.fields()
            )
            reread(document)


def set_questions(chunk_id: int, texts: Iterable[str]) -> None:
    """These are what the passage is asked, in people's words; a task embeds the new ones."""
    tidy = dict.fromkeys(" ".join(text.split())[:300] for text in texts)
    wanted = [text for text in tidy if text][:MOST_QUESTIONS]
    with transaction.atomic():
        chunk = Chunk.objects.select_for_update().filter(pk=chunk_id).first()
        if chunk is None:
            raise ChunkGone
        chunk.questions.exclude(text__in=wanted).delete()
        rows = [ChunkQuestion(chunk=chunk, text=text) for text in wanted]
        ChunkQuestion.objects.bulk_create(rows, ignore_conflicts=True)
        chunk.asked = "\n".join(wanted)
        chunk.save(update_fields=["asked"])
        tasks.embed_waiting.delay_on_commit()


def answer_open_question(question: OpenQuestion, *, title: str, text: str, by: User) -> Document:
    """Make an FAQ row of it: from now on everyone is answered so."""
    if not (title.strip() and text.strip()):
        raise NoAnswer
    with transaction.atomic():
        question = OpenQuestion.objects.select_for_update().get(pk=question.pk)
        if question.handled_at:
            raise AlreadyHandled
        document = Document.objects.create(
            kind=Document.Kind.FAQ, title=title.strip()[:200], text=text.strip(), added_by=by
        )
        question.document, question.handled_at = document, timezone.now()
        question.save(update_fields=["document", "handled_at"])
        tasks.read_document.delay_on_commit(document.pk)
    return document


def set_aside(question: OpenQuestion) -> None:
    """It needs no answer of ours."""
    mine = OpenQuestion.objects.filter(pk=question.pk, handled_at=None)
    if not mine.update(handled_at=timezone.now()):
        raise AlreadyHandled

"""What the organisation knows: documents, cut into chunks that can be found and quoted."""

from datetime import timedelta

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField, HnswIndex

from config.encryption import EncryptedTextField
from users.models import User

DIMENSION = 512
# Portuguese word stems without accents (see the migration).
WORDS = "portuguese_unaccent"


# A worker that reads a document has died if it is not done by then: tasks end after 50 seconds.
LEASE = timedelta(minutes=2)


def unexpired(path: str = "") -> Q:
    """Documents whose time is not over, seen along that path."""
    found = f"{path}expires_at"
    return Q(**{found: None}) | Q(**{f"{found}__gt": timezone.now()})


class DocumentQuerySet(models.QuerySet["Document"]):
    def current(self) -> "DocumentQuerySet":
        """Not expired: while a document is read again, what it said before still serves."""
        return self.filter(unexpired())

    def expired(self) -> "DocumentQuerySet":
        return self.filter(expires_at__lte=timezone.now())

    def waiting(self) -> "DocumentQuerySet":
        """Those that nobody reads: new ones, and those whose worker died."""
        abandoned = Q(status=Document.Status.INDEXING, claimed_at__lt=timezone.now() - LEASE)
        return self.current().filter(Q(status=Document.Status.WAITING) | abandoned)


class Document(models.Model):
    """Something staff gave the agent to answer from; gone, it takes its chunks along."""

    class Kind(models.TextChoices):
        FILE = "file", _("file")
        URL = "url", _("web page")
        FAQ = "faq", _("question and answer")
        EVENT = "event", _("event")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits")
        INDEXING = "indexing", _("is read")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    title = models.CharField(_("title"), max_length=200)
    # What a citation links to; of a web page also where it is fetched from.
    url = models.CharField(
        _("address"),
        max_length=500,
        validators=[URLValidator(["http", "https"])],
        blank=True,
        default="",
    )
    file = models.FileField(_("file"), upload_to="knowledge", blank=True, default="")
    # Of an FAQ row: the question is the title, this is the answer. Of all others what was read.
    text = models.TextField(_("text"), blank=True, default="")
    # What it was made from, if by a task: "event:7".
    source = models.CharField(max_length=80, blank=True, default="")
    # SHA-256 of the text that its chunks were made of.
    checksum = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.WAITING)
    error = models.CharField(_("error"), max_length=200, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    fetched_at = models.DateTimeField(_("fetched at"), null=True, blank=True)
    added_by = models.ForeignKey(
        User, models.SET_NULL, related_name="+", verbose_name=_("added by"), null=True, blank=True
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=~Q(source=""), name="document_has_its_source_alone"
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "updated_at"],
                condition=Q(status__in=("waiting", "indexing")),
                name="document_waits",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(expires_at__isnull=False),
                name="document_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"


class Chunk(models.Model):
    """A passage of a document, as long as a person would quote."""

    document = models.ForeignKey(
        Document, models.CASCADE, related_name="chunks", verbose_name=_("document")
    )
    position = models.PositiveIntegerField()
    text = models.TextField(_("text"))
    # The questions of its rows below, one a line, so that they are found with its text.
    asked = models.TextField(blank=True, default="", db_default="")
    # When a model was asked for questions of it.
    proposed_at = models.DateTimeField(null=True, blank=True)
    words = models.GeneratedField(
        expression=SearchVector("text", "asked", config=WORDS),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="chunk_has_its_place"),
        ]
        indexes = [
            GinIndex(fields=["words"], name="chunk_words"),
            models.Index(
                fields=["id"], condition=Q(proposed_at=None), name="chunk_waits_for_questions"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ChunkQuestion(models.Model):
    """A question that a chunk answers, in a person's words."""

    class Origin(models.TextChoices):
        STAFF = "staff", _("staff")
        MODEL = "model", _("proposed by a model")
        DOCUMENT = "document", _("in the document")

    chunk = models.ForeignKey(Chunk, models.CASCADE, related_name="questions")
    text = models.CharField(_("question"), max_length=300)
    origin = models.CharField(_("origin"), max_length=8, choices=Origin, default=Origin.STAFF)

    class Meta:
        verbose_name = _("question of a chunk")
        verbose_name_plural = _("questions of chunks")
        constraints = [
            models.UniqueConstraint(fields=["chunk", "text"], name="chunk_question_is_one"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Embedding(models.Model):
    """The vector of a chunk or of one of its questions, by one model; of unit length.

    Rows of several index versions may stand side by side: KnowledgeIndex says which one serves.
    """

    chunk = models.ForeignKey(Chunk, models.CASCADE, related_name="embeddings")
    question = models.ForeignKey(ChunkQuestion, models.CASCADE, null=True, related_name="+")
    # A copy, so that a filter needs no join.
    document = models.ForeignKey(Document, models.CASCADE, related_name="+")
    model_id = models.CharField(max_length=80)
    index_version = models.PositiveIntegerField()
    # Half as long in bytes, it stays in its row; what is near stays near.
    vector = HalfVectorField(dimensions=DIMENSION)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chunk", "question", "index_version"],
                name="embedding_is_one_per_version",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            HnswIndex(
                fields=["vector"],
                name="embedding_nearest",
                m=16,
                ef_construction=64,
                opclasses=["halfvec_cosine_ops"],
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class KnowledgeIndex(models.Model):
    """Which embeddings serve: the only row of its table; swapped when the next are complete."""

    model_id = models.CharField(max_length=80)
    dimension = models.PositiveSmallIntegerField(default=DIMENSION)
    serving_version = models.PositiveIntegerField(default=1)
    building_version = models.PositiveIntegerField(null=True, blank=True)
    building_model_id = models.CharField(max_length=80, blank=True, default="", db_default="")
    swapped_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="knowledge_index_is_one_row"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.model_id} {self.serving_version}"


class OpenQuestion(models.Model):
    """A question for which no evidence was found, until staff answer it for all."""

    conversation = models.ForeignKey(
        "leads.Conversation", models.CASCADE, null=True, related_name="open_questions"
    )
    text = EncryptedTextField(_("question"))
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now)
    # Became this FAQ row, or was set aside.
    document = models.ForeignKey(
        Document,
        models.SET_NULL,
        verbose_name=_("document"),
        null=True,
        blank=True,
        related_name="+",
    )
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("open question")
        verbose_name_plural = _("open questions")
        indexes = [
            models.Index(
                fields=["-asked_at"], condition=Q(handled_at=None), name="open_question_waits"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class AgentSpending(models.Model):
    """What all answers of one day cost; the budget of the day is held against it."""

    day = models.DateField(primary_key=True)
    tokens = models.PositiveBigIntegerField(default=0)
    # In millionths of a US dollar.
    money = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}"

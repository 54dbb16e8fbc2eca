"""Asks the questions of a half and says how well the retriever found and judged."""

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.management import call_command
from django.utils import timezone

from leads.knowledge import retrieval
from leads.models import Chunk, Document
from leads.services import knowledge

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
HALVES = ("development", "held_out")
# Not ours, written after the held-out half was looked at once, and looked at once themselves.
FRESH = "fresh"
# The Wednesday on which all questions are asked.
NOW = datetime(2026, 12, 2, 10, tzinfo=ZoneInfo("America/Sao_Paulo"))
ANSWERABLE = ("answerable", "event")
# Questions that are not to be answered: near misses, and all that is not ours or means harm.
ABSTAINED = {"near": ("near",), "other": ("off", "injection")}
# At least these shares, on the half that is held out.
GOALS = {
    "hit@5": 0.90,
    "source first": 0.80,
    "answers": 0.85,
    "abstains: near": 0.60,
    "abstains: other": 0.90,
}


@dataclass
class Asked:
    """A question with what was found; the places of what should be are counted from 1."""

    kind: str
    question: str
    answers: bool
    confidence: float
    coverage: float
    first: str
    passage_place: int | None = None
    source_place: int | None = None

    @property
    def is_wrong(self):
        should_answer = self.kind in ANSWERABLE
        return self.answers != should_answer or (should_answer and self.passage_place != 1)


@dataclass
class Report:
    asked: list[Asked] = field(default_factory=list)

    def of(self, *kinds):
        return [one for one in self.asked if one.kind in kinds]

    def figures(self):
        """The shares that GOALS are about, and that of the exact passage in the first place."""
        askable = self.of(*ANSWERABLE)
        figures = {
            "hit@5": share(one.passage_place is not None for one in askable),
            "source first": share(one.source_place == 1 for one in askable),
            "passage first": share(one.passage_place == 1 for one in askable),
            "answers": share(one.answers for one in askable),
        }
        for name, kinds in ABSTAINED.items():
            figures[f"abstains: {name}"] = share(not one.answers for one in self.of(*kinds))
        return figures

    def curve(self, thresholds):
        """For each threshold: answered of the answerable, abstained of near and of all others."""
        for threshold in thresholds:
            yield (
                threshold,
                share(one.confidence >= threshold for one in self.of(*ANSWERABLE)),
                *(
                    share(one.confidence < threshold for one in self.of(*kinds))
                    for kinds in ABSTAINED.values()
                ),
            )


def share(values):
    values = list(values)
    return sum(values) / len(values)


def rows(name):
    with (HERE / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def load():
    """Bring in the demo knowledge and the events of events.csv, as workers do."""
    from tests.factories import CategoryFactory, EventFactory, UserFactory

    category, organizer = CategoryFactory(), UserFactory()
    for row in rows("events"):
        day = datetime.fromisoformat(row["day"]).replace(tzinfo=NOW.tzinfo)
        starts_at = day + timedelta(hours=int(row["hour"]))
        EventFactory(
            category=category,
            organizer=organizer,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=int(row["hours"])),
            min_age=int(row["min_age"]) if row["min_age"] else None,
            **{name: row[name] for name in ("title", "description", "city", "address")},
            **{name: int(row[name]) for name in ("capacity", "seats_taken")},
        )
    call_command("load_demo_knowledge", stdout=StringIO())
    for document_id in Document.objects.waiting().values_list("pk", flat=True):
        knowledge.read_document(document_id)


def ask(half):
    """Ask all questions of a half."""
    assert timezone.localtime().date() == NOW.date(), "Travel to NOW first."
    names = _names()
    return Report([_ask(row, names) for row in rows(half)])


def _names():
    """What the questions call each passage: file and heading, or the key of an event."""
    keys = {row["title"]: row["key"] for row in rows("events")}
    names = {}
    for chunk in Chunk.objects.select_related("document"):
        document = chunk.document
        if document.kind == Document.Kind.EVENT:
            names[chunk.pk] = f"event:{keys[document.title]}"
        else:
            heading = chunk.text.partition("\n")[0]
            names[chunk.pk] = f"{document.source.removeprefix('demo:')}#{heading}"
    return names


def _ask(row, names):
    found = retrieval.search(row["question"], limit=5)
    passages = [names[one.chunk_id] for one in found.evidence]
    wanted = set(filter(None, row["source"].split("|")))
    return Asked(
        kind=row["kind"],
        question=row["question"],
        answers=found.is_answerable,
        confidence=found.confidence,
        coverage=found.coverage,
        first=passages[0] if passages else "",
        passage_place=_place(passages, wanted),
        source_place=_place(map(_source, passages), {_source(name) for name in wanted}),
    )


def _source(name):
    return name.partition("#")[0]


def _place(found, wanted):
    return next((n for n, name in enumerate(found, start=1) if name in wanted), None)

"""Tables of people become leads; who is one already is left as they are."""

from functools import partial

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.errors import DomainError
from leads import places
from leads.models import Lead, LeadConsent, LeadIdentity, LeadImport
from leads.services import capture, consent, editing, identities
from leads.tasks import people as tasks
from users.services import tables
from users.services.tables import Line, Outcome

Kind = LeadIdentity.Kind
FIELDS = (
    *("name", "email", "phone", "city", "state", "source", "tags", "note"),
    *("consent_text", "consent_version"),
)
LONGEST = {"name": 150, "city": 120, "source": 80, "note": 4000, "consent_version": 40}


class NoSuchColumns(DomainError):
    code = "no_such_lead_columns"
    message = gettext_lazy(
        "The first line must name the columns: email or phone, and any of name, city, state, "
        "source, tags, note, consent_text, consent_version."
    )


def _clean(name: str, text: str) -> str:
    """Contact data in its one form where it has one; what is none stays, to be refused."""
    if name in (Kind.EMAIL, Kind.PHONE) and text:
        try:
            return identities.normalize(name, text)
        except ValidationError:
            return text
    return text


def _do(row: LeadImport, batch: list[Line], is_dry: bool) -> Outcome:
    """Count what would be new, known, or wrong; and make the new ones, unless it is a check."""
    outcome = Outcome(facts={"duplicates": [] if row.position == 0 else row.duplicates})
    for line in batch:
        number = int(line["line"])
        try:
            _check(line)
        except ValidationError as error:
            outcome.failed += 1
            outcome.errors.append((number, " ".join(error.messages)))
            continue
        if known := _known(line):
            outcome.same += 1
            outcome.facts["duplicates"] = [*outcome.facts["duplicates"], [number, known.pk]]
            continue
        outcome.new += 1
        if not is_dry:
            _make(row, line)
    outcome.facts["duplicates"] = outcome.facts["duplicates"][: tables.MOST_ERRORS]
    return outcome


def _check(line: Line) -> None:
    if line["error"]:
        raise ValidationError(line["error"])
    if any(cell.startswith(("=", "@")) for cell in line.values()):
        raise ValidationError(_("Formulas are not accepted."))
    if not line.get("email") and not line.get("phone"):
        raise ValidationError(_("Give an e-mail or a phone."))
    for kind in (Kind.EMAIL, Kind.PHONE):
        if line.get(kind):
            identities.normalize(kind, line[kind])
    _check_lengths(line)
    if line.get("state") and line["state"].upper() not in places.STATES:
        raise ValidationError(_("This is no Brazilian state: write two letters, like PE."))


def _check_lengths(line: Line) -> None:
    for name, most in LONGEST.items():
        if len(line.get(name, "")) > most:
            raise ValidationError(_("%(name)s is too long.") % {"name": name})


def _known(line: Line) -> Lead | None:
    """A lead that is known by this e-mail or phone, or said to have it."""
    for kind in (Kind.EMAIL, Kind.PHONE):
        if line.get(kind):
            key = identities.key_of(kind, line[kind])
            if lead := Lead.objects.current().having(kind, key).order_by("pk").first():
                return lead
    return None


def _make(row: LeadImport, line: Line) -> None:
    lead = identities.new_lead(
        source=line.get("source") or "import",
        name=line.get("name", ""),
        city=line.get("city", ""),
        state=line.get("state", ""),
        phone=line.get("phone", ""),
    )
    kinds = [kind for kind in (Kind.EMAIL, Kind.PHONE) if line.get(kind)]
    identities.add(lead, kinds[0], line[kinds[0]])
    for kind in kinds:
        capture.note_claim(lead, kind, line[kind])
    tags = [tag.strip().lower()[:40] for tag in line.get("tags", "").split(",")]
    lead.tags = list(dict.fromkeys(filter(None, tags)))
    lead.save(update_fields=["tags", "updated_at"])
    if line.get("note"):
        editing.add_note(lead, line["note"], by=row.uploaded_by)
    if line.get("consent_text"):
        _agree(lead, row, line)


def _agree(lead: Lead, row: LeadImport, line: Line) -> None:
    """What they agreed to elsewhere; whoever brought the table answers for it."""
    consent.record(
        lead,
        purpose=LeadConsent.Purpose.UNASKED,
        is_given=True,
        channel=LeadConsent.Channel.IMPORT,
        text=line["consent_text"],
        version=line.get("consent_version", ""),
        proof={"import": row.pk, "line": int(line["line"]), "by": row.uploaded_by_id},
    )


LEADS = tables.Tables(
    model=LeadImport,
    fields=FIELDS,
    other_names={
        "e-mail": "email",
        "nome": "name",
        "telefone": "phone",
        "celular": "phone",
        "cidade": "city",
        "estado": "state",
        "uf": "state",
        "origem": "source",
        "etiquetas": "tags",
        "observação": "note",
        "consentimento": "consent_text",
        "versão do consentimento": "consent_version",
    },
    is_complete=lambda names: bool({"email", "phone"} & names),
    refusal=NoSuchColumns,
    clean=_clean,
    keys=lambda line: [f"{kind}\0{line[kind]}" for kind in ("email", "phone") if line.get(kind)],
    repeated=gettext_lazy("The same e-mail or phone as in line %(line)d."),
    do=_do,
    task=lambda: tasks.run_lead_import,
)
begin_import = partial(tables.begin, LEADS)
confirm_import = partial(tables.confirm, LEADS)
discard_import = partial(tables.discard, LEADS)
run_import = partial(tables.run, LEADS)
waiting_imports = partial(tables.waiting, LEADS)

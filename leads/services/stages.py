"""How far a lead has come: declared steps, each with its line of history."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from leads.models import Lead, LeadStageChange
from leads.services import sequences
from users.models import User

Stage = Lead.Stage
# A volunteer has an account, so only `converting.convert` leads there.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    Stage.NEW: (Stage.QUALIFIED, Stage.LOST),
    Stage.QUALIFIED: (Stage.INVITED, Stage.NEW, Stage.LOST),
    Stage.INVITED: (Stage.QUALIFIED, Stage.LOST),
    Stage.LOST: (Stage.NEW, Stage.QUALIFIED),
    Stage.VOLUNTEER: (),
}


class WrongStage(DomainError):
    code = "wrong_stage"
    message = _("The lead is not in a stage that this leads on from.")

    def __init__(self) -> None:
        super().__init__(attr="stage")


class ReasonRequired(DomainError):
    code = "reason_required"
    message = _("Say why the lead is lost.")

    def __init__(self) -> None:
        super().__init__(attr="reason")


@transaction.atomic
def move(lead: Lead, stage: str, *, by: User | None, reason: str = "") -> Lead:
    """Take a declared step, and tell the sequences; who is there already stays."""
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    if lead.stage == stage:
        return lead
    if stage not in TRANSITIONS[lead.stage]:
        raise WrongStage
    if stage == Stage.LOST and not reason.strip():
        raise ReasonRequired
    return step(lead, stage, by=by, reason=reason.strip())


def step(lead: Lead, stage: str, *, by: User | None, reason: str = "") -> Lead:
    """Put a locked lead into a stage, whatever the table says; for what follows from facts."""
    change = LeadStageChange.objects.create(
        lead=lead, old=lead.stage, new=stage, reason=reason[:200], changed_by=by
    )
    lead.stage, lead.stage_changed_at = stage, timezone.now()
    lead.lost_reason = change.reason if stage == Stage.LOST else ""
    lead.save(update_fields=["stage", "stage_changed_at", "lost_reason", "updated_at"])
    sequences.stage_changed(lead)
    return lead

"""Two leads that turn out to be one person, and two persons that were taken for one."""

from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.errors import DomainError
from leads.models import Enrolment, FollowUp, Lead, LeadClaim, LeadMerge
from leads.services import consent, stages
from users.models import User

Stage = Lead.Stage
# How far each stage is; who was lost comes back with whoever is not.
ORDER: list[str] = [Stage.LOST, Stage.NEW, Stage.QUALIFIED, Stage.INVITED, Stage.VOLUNTEER]
# What the kept lead takes over where it has nothing itself.
TAKEN = ("name", "city", "assigned_to_id", "user_id", "opted_out_at")


class SameLead(DomainError):
    code = "same_lead"
    message = gettext_lazy("A lead is not merged with itself.")


class AlreadyMerged(DomainError):
    code = "already_merged"
    message = gettext_lazy("One of them was merged into another lead.")


class TwoAccounts(DomainError):
    code = "two_accounts"
    message = gettext_lazy("Each of them has an account: they are two people for us.")


class MergeUndone(DomainError):
    code = "merge_undone"
    message = gettext_lazy("This merge was undone already.")


class MergedSince(DomainError):
    code = "merged_since"
    message = gettext_lazy("The lead was merged into another one since: undo that first.")


@transaction.atomic
def merge(kept: Lead, gone: Lead, *, by: User | None, reason: str) -> LeadMerge:
    """Give all that one lead has to the other, with a list of it, so that they can be parted.

    Both rows are locked, the older first: of two merges at once, one finds a lead that is gone.
    """
    kept, gone = _locked(kept, gone)
    if kept.pk == gone.pk:
        raise SameLead
    if kept.merged_into_id or gone.merged_into_id:
        raise AlreadyMerged
    if kept.user_id and gone.user_id:
        raise TwoAccounts
    moved: dict[str, Any] = {"rows": _move(kept, gone), "facts": _take_over(kept, gone)}
    Lead.objects.filter(pk=gone.pk).update(merged_into=kept, user=None)
    kept.save()
    consent.linked(kept)
    if ORDER.index(gone.stage) > ORDER.index(kept.stage):
        moved["facts"]["stage"] = [kept.stage, gone.stage]
        stages.step(kept, gone.stage, by=by, reason=_("merged with #%(id)d") % {"id": gone.pk})
    return LeadMerge.objects.create(
        kept=kept, gone=gone, merged_by=by, reason=reason[:200], moved=moved
    )


@transaction.atomic
def unmerge(merge: LeadMerge, *, by: User | None) -> LeadMerge:
    """Part them again: each gets back what was its own, and what came since stays where it is."""
    kept, gone = _locked(merge.kept, merge.gone)
    merge = LeadMerge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at:
        raise MergeUndone
    if kept.merged_into_id:
        raise MergedSince
    for relation in _relations():
        rows = _rows(relation, kept).filter(pk__in=merge.moved["rows"].get(_label(relation), []))
        rows.update(**{relation.field.name: gone})
    was_out = kept.opted_out_at
    _repeat_no(kept, gone, merge)
    _give_back(kept, gone, merge.moved["facts"], by)
    for one in (kept, gone) if was_out else ():
        consent.tell_account(one)
    merge.undone_at = timezone.now()
    merge.save(update_fields=["undone_at"])
    return merge


def preview(kept: Lead, gone: Lead) -> dict[str, int]:
    """How much of what would go over, by what it is called."""
    counts = {
        str(relation.related_model._meta.verbose_name_plural): _movable(
            relation, kept, gone
        ).count()
        for relation in _relations()
    }
    return {name: count for name, count in counts.items() if count}


def _locked(first: Lead, second: Lead) -> tuple[Lead, Lead]:
    pair = Lead.objects.select_for_update(no_key=True).order_by("pk")
    rows = {row.pk: row for row in pair.filter(pk__in=[first.pk, second.pk])}
    return rows[first.pk], rows[second.pk]


def _relations() -> list[Any]:
    """Whatever belongs to a lead, but for the merges themselves: they stay where they were."""
    return [
        relation
        for relation in Lead._meta.related_objects
        if relation.related_model not in (Lead, LeadMerge)
    ]


def _label(relation: Any) -> str:
    return str(relation.related_model._meta.label)


def _rows(relation: Any, lead: Lead) -> QuerySet[Model]:
    return relation.related_model._base_manager.filter(**{relation.field.name: lead})


def _movable(relation: Any, kept: Lead, gone: Lead) -> QuerySet[Model]:
    """The rows that can go over: what the kept lead has already, stays behind."""
    rows = _rows(relation, gone)
    if relation.related_model is LeadClaim:
        for kind, key in kept.claims.values_list("kind", "key"):
            rows = rows.exclude(kind=kind, key=key)
    if relation.related_model is Enrolment:
        for sequence, moment in kept.enrolments.values_list("sequence", "triggered_at"):
            rows = rows.exclude(sequence=sequence, triggered_at=moment)
    if relation.related_model is FollowUp:
        written = kept.follow_ups.exclude(bulk=None).values("bulk")
        rows = rows.exclude(bulk__in=written)
    return rows


def _move(kept: Lead, gone: Lead) -> dict[str, list[int]]:
    moved = {}
    for relation in _relations():
        rows = _movable(relation, kept, gone)
        if found := list(rows.order_by("pk").values_list("pk", flat=True)):
            _rows(relation, gone).filter(pk__in=found).update(**{relation.field.name: kept})
            moved[_label(relation)] = found
    return moved


def _take_over(kept: Lead, gone: Lead) -> dict[str, list[Any]]:
    """Fill what is empty; note what was there before, and what there is now."""
    facts = {
        name: [getattr(kept, name), getattr(gone, name)]
        for name in TAKEN
        if getattr(gone, name) and not getattr(kept, name)
    }
    if "city" in facts:
        for name in ("state", "time_zone"):
            facts[name] = [getattr(kept, name), getattr(gone, name)]
    if tags := [tag for tag in gone.tags if tag not in kept.tags]:
        facts["tags"] = [kept.tags, [*kept.tags, *tags]]
    moments = [one.last_inbound_at for one in (kept, gone) if one.last_inbound_at]
    if (latest := max(moments, default=None)) != kept.last_inbound_at:
        facts["last_inbound_at"] = [kept.last_inbound_at, latest]
    for name, (_before, now) in facts.items():
        setattr(kept, name, now)
    return {name: [_plain(before), _plain(now)] for name, (before, now) in facts.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _give_back(kept: Lead, gone: Lead, facts: dict[str, list[Any]], by: User | None) -> None:
    """Undo what the merge filled in, where nobody has changed it since."""
    stage = facts.pop("stage", None)
    for name, (before, now) in facts.items():
        if _plain(getattr(kept, name)) == now and name != "opted_out_at":
            field: Any = Lead._meta.get_field(name)
            setattr(kept, name, field.to_python(before))
    kept.opted_out_at = _opted_out_at(kept)
    kept.save()
    if "user_id" in facts and kept.user_id is None:
        gone.user_id = facts["user_id"][1]
    gone.merged_into = None
    gone.opted_out_at = _opted_out_at(gone)
    gone.save()
    if stage and kept.stage == stage[1]:
        reason = _("the merge with #%(id)d was undone") % {"id": gone.pk}
        stages.step(kept, stage[0], by=by, reason=reason)


def _repeat_no(kept: Lead, gone: Lead, merge: LeadMerge) -> None:
    """A no that was said of the two counts for each of them; its proof is of one of them only."""
    said = consent.last_word(kept)
    if said and not said.is_given and said.recorded_at >= merge.merged_at:
        said.proof = {"repeats": said.pk, "merge": merge.pk}
        said.pk, said.lead = None, gone
        said.save(force_insert=True)


def _opted_out_at(lead: Lead) -> Any:
    """By its own ledger; who said no stays out."""
    latest = consent.last_word(lead)
    return latest.recorded_at if latest and not latest.is_given else None

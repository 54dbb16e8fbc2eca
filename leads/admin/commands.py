"""What staff may do with leads, each through its service."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from config.admin.commands import Command, ReasonForm
from leads.models import Lead, LeadClaim, LeadMerge
from leads.services import capture, converting, editing, erasing, identities, merging, stages
from users.models import User

Stage = Lead.Stage
MOVED = ngettext_lazy("%(count)d lead was moved.", "%(count)d leads were moved.", "count")


def acting(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def move(stage: str) -> Any:
    def act(request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> None:
        stages.move(lead, stage, by=acting(request), reason=answers.get("reason", ""))

    return act


class TextForm(forms.Form):
    text = forms.CharField(
        label=_("Note"), max_length=4000, widget=UnfoldAdminTextareaWidget({"rows": 5})
    )


class ShortReasonForm(ReasonForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=UnfoldAdminTextareaWidget({"rows": 3})
    )


class OtherLeadForm(ShortReasonForm):
    """Which of the leads with the same e-mail or phone it is."""

    other = forms.ModelChoiceField(
        label=_("The other lead"),
        queryset=Lead.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Those that have, or are said to have, the same e-mail or phone."),
    )
    field_order = ("other", "reason")


def others_of(lead: Lead) -> type[OtherLeadForm]:
    """The form with the leads that this one may be merged with, and how much would come over."""

    class Choice(forms.ModelChoiceField):
        def label_from_instance(self, obj: Any) -> str:
            return told(lead, obj)

    class Form(OtherLeadForm):
        other = Choice(
            label=OtherLeadForm.base_fields["other"].label,
            queryset=identities.look_alikes(lead),
            widget=UnfoldAdminSelectWidget,
            help_text=OtherLeadForm.base_fields["other"].help_text,
        )

    return Form


def told(kept: Lead, gone: Lead) -> str:
    """A lead, and what of it would go to another."""
    counts = merging.preview(kept, gone)
    parts = ", ".join(f"{name}: {count}" for name, count in counts.items())
    return f"{gone} ({parts})" if parts else str(gone)


def merge_other(request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> None:
    merging.merge(lead, answers["other"], by=acting(request), reason=answers["reason"])


def add_note(request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> None:
    editing.add_note(lead, answers["text"], by=acting(request))


def convert(request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> None:
    converting.convert(lead, by=acting(request))


def assign_to_me(request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> None:
    editing.assign(lead, acting(request))


def undo_merge(request: HttpRequest, merge: LeadMerge, answers: dict[str, Any]) -> None:
    merging.unmerge(merge, by=acting(request))


def ask_again(request: HttpRequest, claim: LeadClaim, answers: dict[str, Any]) -> None:
    capture.ask_for_proof(claim)


QUALIFY = Command(
    question=_("Is this somebody for us?"),
    button=_("Qualify"),
    done=MOVED,
    act=move(Stage.QUALIFIED),
)
INVITE = Command(
    question=_("Were they invited?"),
    button=_("Mark as invited"),
    done=MOVED,
    act=move(Stage.INVITED),
)
REOPEN = Command(
    question=_("Begin anew?"), button=_("Back to new"), done=MOVED, act=move(Stage.NEW)
)
LOSE = Command(
    question=_("Is the lead lost?"),
    explanation=_("Follow-ups stop. Whoever writes again may be taken up again."),
    button=_("Mark as lost"),
    done=MOVED,
    form_class=ShortReasonForm,
    variant="danger",
    act=move(Stage.LOST),
)
# By the stage that they lead to.
STEPS = {
    Stage.NEW: REOPEN,
    Stage.QUALIFIED: QUALIFY,
    Stage.INVITED: INVITE,
    Stage.LOST: LOSE,
}
CONVERT = Command(
    question=_("Make an account?"),
    explanation=_("A mail brings the link that opens it; all that was said stays with them."),
    button=_("Make a volunteer"),
    done=ngettext_lazy(
        "%(count)d lead is a volunteer now.", "%(count)d leads are volunteers now.", "count"
    ),
    act=convert,
)
ADD_NOTE = Command(
    question=_("Note something down"),
    button=_("Add a note"),
    done=_("The note was kept."),
    form_class=TextForm,
    act=add_note,
)
ASSIGN_TO_ME = Command(
    question=_("Look after this lead?"),
    button=_("Assign to me"),
    done=ngettext_lazy("%(count)d lead is yours.", "%(count)d leads are yours.", "count"),
    act=assign_to_me,
)
MERGE = Command(
    question=_("Is it the same person?"),
    explanation=_("All that the other lead has comes over to this one. It can be undone."),
    button=_("Merge"),
    done=_("The leads were merged."),
    act=merge_other,
)
UNDO_MERGE = Command(
    question=_("Are they two persons after all?"),
    button=_("Undo the merge"),
    done=_("The merge was undone."),
    act=undo_merge,
)
CONFIRM_CLAIM = Command(
    question=_("Did the person confirm it?"),
    button=_("Take for proven"),
    done=_("It is proven now."),
    act=lambda request, claim, answers: identities.confirm_claim(claim),
)
ASK_AGAIN = Command(
    question=_("Ask by mail?"),
    button=_("Mail the link once more"),
    done=_("The mail is on its way."),
    act=ask_again,
)
ERASE = Command(
    question=_("Erase this lead?"),
    explanation=_("Contact data, messages, notes and consents are gone for good."),
    button=_("Erase"),
    done=ngettext_lazy("%(count)d lead was erased.", "%(count)d leads were erased.", "count"),
    form_class=ShortReasonForm,
    variant="danger",
    act=lambda request, lead, answers: erasing.erase(lead),
)

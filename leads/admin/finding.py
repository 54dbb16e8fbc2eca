"""How staff find leads in their list, and what they may change in one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import TextFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from leads.models import Lead, LeadIdentity
from leads.models.people import LeadQuerySet
from leads.services import identities


class OptedOutFilter(admin.SimpleListFilter):
    title = _("messages")
    parameter_name = "out"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("yes", _("opted out")), ("no", _("not opted out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        if self.value() in ("yes", "no"):
            return queryset.filter(opted_out_at__isnull=self.value() == "no")
        return queryset


class CampaignFilter(TextFilter):
    title = _("campaign")
    parameter_name = "campaign"

    def queryset(self, request: HttpRequest, queryset: LeadQuerySet) -> QuerySet[Lead]:
        text = (self.value() or "").strip()
        return queryset.of_campaign(text) if text else queryset


class LeadForm(forms.ModelForm):
    tags = forms.CharField(
        label=_("tags"),
        required=False,
        max_length=400,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Parted by commas."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["tags"] = ", ".join(self.instance.tags)

    def clean_tags(self) -> list[str]:
        tags = [tag.strip().lower()[:40] for tag in self.cleaned_data["tags"].split(",")]
        return list(dict.fromkeys(filter(None, tags)))

    def clean_state(self) -> str:
        return self.cleaned_data["state"].upper()


def by_contact(text: str) -> Q:
    """Leads that have exactly this e-mail or phone."""
    found = Q(pk__in=[])
    for kind in (LeadIdentity.Kind.EMAIL, LeadIdentity.Kind.PHONE):
        try:
            key = identities.key_of(kind, identities.normalize(kind, text))
        except ValidationError:
            continue
        found |= Q(pk__in=Lead.objects.having(kind, key).values("pk"))
    return found

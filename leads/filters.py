"""What the list of leads can be asked for."""

from typing import Any, ClassVar

from django import forms
from django_filters import rest_framework as filters

from config.encryption import keyed_hash
from events.filters import BooleanFilter, MomentFilter, StatusesFilter
from leads.models import Lead, LeadIdentity
from leads.models.people import LeadQuerySet
from leads.services import identities
from users.models import User

Kind = LeadIdentity.Kind


class ContactFormField(forms.CharField):
    """Gives the keyed hash by which a whole address or number is found."""

    kind: str = ""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return keyed_hash(self.kind, identities.normalize(self.kind, text)) if text else None


class EmailFormField(ContactFormField):
    kind = Kind.EMAIL


class PhoneFormField(ContactFormField):
    kind = Kind.PHONE

    def clean(self, value: Any) -> Any:
        # The plus of a number arrives as a space where it was not encoded.
        return super().clean(f"+{value[1:]}" if value and value.startswith(" ") else value)


class ContactFilter(filters.CharFilter):
    """Leads that are known by exactly this, or said to have it."""

    def filter(self, leads: LeadQuerySet, key: str | None) -> LeadQuerySet:
        return leads.having(self.field_class.kind, key) if key else leads


class EmailFilter(ContactFilter):
    field_class = EmailFormField


class PhoneFilter(ContactFilter):
    field_class = PhoneFormField


class LeadOrderingFilter(filters.OrderingFilter):
    """The newest first unless told otherwise; equals stay in one order."""

    def filter(self, leads: LeadQuerySet, value: list[str] | None) -> LeadQuerySet:
        fields = value or ["-created_at"]
        return leads.order_by(*fields, "-pk" if fields[0].startswith("-") else "pk")


class LeadFilter(filters.FilterSet):
    """All that are not merged into another."""

    stage = StatusesFilter(choices=Lead.Stage.choices, distinct=False)
    source = filters.CharFilter(max_length=80)
    campaign = filters.CharFilter(
        method="of_campaign",
        max_length=200,
        help_text="Any one of the `utm_` values of their first form, whole.",
    )
    city = filters.CharFilter(method="in_city", max_length=120)
    tag = filters.CharFilter(field_name="tags", method="tagged", max_length=40)
    assigned_to = filters.ModelChoiceFilter(
        queryset=User.objects.filter(is_staff=True), null_label="nobody", null_value="nobody"
    )
    opted_out = BooleanFilter(field_name="opted_out_at", lookup_expr="isnull", exclude=True)
    has_account = BooleanFilter(field_name="user", lookup_expr="isnull", exclude=True)
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")
    email = EmailFilter(max_length=254, help_text="The whole address, in whatever case.")
    phone = PhoneFilter(max_length=40, help_text="The whole number, however it is written.")
    search = filters.CharFilter(
        method="matching", max_length=200, help_text="Part of the name or city, or a whole tag."
    )
    ordering = LeadOrderingFilter(
        fields=["created_at", "last_inbound_at", "stage_changed_at", "name"]
    )

    class Meta:
        model = Lead
        fields: ClassVar[list[str]] = []

    def tagged(self, leads: LeadQuerySet, name: str, tag: str) -> LeadQuerySet:
        return leads.filter(tags__contains=[tag.lower()])

    def of_campaign(self, leads: LeadQuerySet, name: str, text: str) -> LeadQuerySet:
        return leads.of_campaign(text)

    def in_city(self, leads: LeadQuerySet, name: str, city: str) -> LeadQuerySet:
        return leads.in_city(city)

    def matching(self, leads: LeadQuerySet, name: str, text: str) -> LeadQuerySet:
        return leads.matching(text)

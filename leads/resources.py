"""Which columns a table of leads has that staff take away."""

from import_export import resources
from import_export.fields import Field

from leads.models import Lead, LeadIdentity


class LeadTable(resources.ModelResource):
    """What is told of leads who are exported; needs their identities prefetched."""

    email = Field(column_name="email")
    phone = Field(column_name="phone")
    tags = Field(column_name="tags")
    assigned_to = Field("assigned_to__email", "assigned_to")

    class Meta:
        model = Lead
        fields = (
            *("id", "name", "email", "phone", "city", "state", "source", "stage", "lost_reason"),
            *("tags", "assigned_to", "opted_out_at", "created_at"),
        )
        export_order = fields

    def dehydrate_email(self, lead: Lead) -> str:
        return _values(lead, LeadIdentity.Kind.EMAIL)

    def dehydrate_phone(self, lead: Lead) -> str:
        return _values(lead, LeadIdentity.Kind.PHONE)

    def dehydrate_tags(self, lead: Lead) -> str:
        return ", ".join(lead.tags)


def _values(lead: Lead, kind: str) -> str:
    return ", ".join(one.value for one in lead.identities.all() if one.kind == kind)

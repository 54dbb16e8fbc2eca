"""Which columns tables of people and of the ledger have, and what an imported line must fulfil."""

from datetime import date
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from import_export import resources
from import_export.fields import Field
from import_export.instance_loaders import CachedInstanceLoader
from import_export.widgets import DateWidget, DecimalWidget

from users import phones
from users.models import Contribution, User


class UserResource(resources.ModelResource):
    """People by their e-mail; an empty cell says nothing, so it changes nothing."""

    birth_date = Field("birth_date", "birth_date", DateWidget("%Y-%m-%d"))

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "phone", "city", "language", "birth_date")
        import_id_fields = ("email",)
        instance_loader_class = CachedInstanceLoader
        use_bulk = True
        batch_size = None
        skip_unchanged = True
        report_skipped = True
        skip_html_diff = True

    def __init__(self, *, locks: bool = False) -> None:
        super().__init__()
        self.locks = locks

    def get_queryset(self) -> QuerySet[User]:
        """While it writes, it holds the accounts: nobody's own change gets lost."""
        people = super().get_queryset().order_by("pk")
        return people.select_for_update(no_key=True) if self.locks else people

    def before_import_row(self, row: dict[str, str], **kwargs: Any) -> None:
        if error := row.pop("error", ""):
            raise ValidationError(error)
        if any(cell.startswith(("=", "@")) for cell in row.values()):
            raise ValidationError(_("Formulas are not accepted."))
        for name in [name for name, cell in row.items() if not cell and name != "email"]:
            del row[name]
        if phone := row.get("phone"):
            row["phone"] = phones.normalize(phone)
        if day := row.get("birth_date"):
            _check_day(day)

    def after_init_instance(self, instance: User, new: bool, row: Any, **kwargs: Any) -> None:
        if instance.is_staff or instance.is_superuser:
            raise ValidationError(_("Accounts of staff are not changed by an import."))
        if new:
            instance.password = make_password(None)

    def validate_instance(
        self, instance: User, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """The fields only: that an address is unique is what a line is found by."""
        if import_validation_errors:
            raise ValidationError(import_validation_errors)
        instance.clean_fields(exclude=["password"])


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(_("Write the day of birth like 31/12/1990.")) from error


class PeopleTable(resources.ModelResource):
    """What is told of people who are exported."""

    class Meta:
        model = User
        fields = (
            *UserResource.Meta.fields,
            "is_active",
            "email_confirmed_at",
            "joined_at",
        )
        export_order = fields


class LedgerTable(resources.ModelResource):
    """The lines of the ledger."""

    person = Field("user__email", "email")
    amount = Field("amount", "amount", DecimalWidget(coerce_to_string=False))
    reverses = Field("reverses_id", "reverses")

    class Meta:
        model = Contribution
        fields = (
            "id",
            "person",
            "kind",
            "amount",
            "category",
            "source",
            "reverses",
            "reason",
            "happened_at",
            "recorded_at",
        )
        export_order = fields

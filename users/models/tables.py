"""Tables of people that staff bring in, and which tables they took away."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.people import User


class TableImportQuerySet(models.QuerySet[Any]):
    def working(self) -> "TableImportQuerySet":
        """Imports that a task has work with."""
        return self.filter(status__in=("checking", "importing"))


class TableImport(models.Model):
    """A table that staff brought: checked line by line, then done when staff say so.

    A kind of table adds its `rows`, by the names of its fields and emptied at the end, as they are
    people's data, and the first `errors`: [line, text].
    """

    class Status(models.TextChoices):
        CHECKING = "checking", _("is checked")
        CHECKED = "checked", _("waits for your decision")
        IMPORTING = "importing", _("is imported")
        DONE = "done", _("done")
        DISCARDED = "discarded", _("discarded")
        FAILED = "failed", _("given up")

    rows: Any
    errors: Any
    file_name = models.CharField(_("file"), max_length=200)
    uploaded_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.CHECKING)
    row_count = models.PositiveIntegerField(_("lines"), default=0)
    # So many lines the task is through with; raised with what it did to them, in one transaction.
    position = models.PositiveIntegerField(_("lines so far"), default=0)
    new_count = models.PositiveIntegerField(_("new people"), default=0)
    changed_count = models.PositiveIntegerField(_("changed people"), default=0)
    same_count = models.PositiveIntegerField(_("unchanged people"), default=0)
    error_count = models.PositiveIntegerField(_("lines with errors"), default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    touched_at = models.DateTimeField(default=timezone.now)

    objects = TableImportQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"#{self.pk} {self.file_name}"

    @property
    def is_working(self) -> bool:
        return self.status in (self.Status.CHECKING, self.Status.IMPORTING)


class UserImport(TableImport):
    """A table of people, to become accounts."""

    rows = models.JSONField(default=list)
    errors = models.JSONField(_("errors"), default=list)

    class Meta:
        verbose_name = _("import of people")
        verbose_name_plural = _("imports of people")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(position__lte=models.F("row_count")),
                name="user_import_ends_with_its_rows",
            ),
        ]
        indexes = [
            models.Index(
                fields=["touched_at"],
                condition=models.Q(status__in=("checking", "importing")),
                name="user_import_works",
            ),
        ]


class Export(models.Model):
    """Who took which table away: people's data leaves the site only with such a line."""

    what = models.CharField(_("what"), max_length=80)
    file_format = models.CharField(_("format"), max_length=8)
    row_count = models.PositiveIntegerField(_("lines"))
    exported_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("exported by")
    )
    exported_at = models.DateTimeField(_("exported at"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return f"#{self.pk}"

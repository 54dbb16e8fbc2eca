"""The report of a month: its figures as a row, then the file made of them."""

from datetime import date

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from events.impact import document, monthly
from events.models import ImpactReport


def generate_monthly_report(month: date | None = None) -> None:
    """Tell of the month before this one, once however often this runs.

    The row is unique by its month. Killed between row and file, the next run finds a row
    without a file and makes it; of two at once, one file is kept.
    """
    month = month or monthly.month_before(timezone.localdate())
    report, _ = ImpactReport.objects.get_or_create(
        month=month, defaults={"figures": lambda: monthly.of(month)}
    )
    if report.pdf:
        return
    name = _store(report)
    if not ImpactReport.objects.filter(pk=report.pk, pdf="").update(pdf=name):
        default_storage.delete(name)


def remake_monthly_report(report: ImpactReport) -> None:
    """Add a month up again, with what was approved since, and replace its file."""
    report.figures, report.generated_at = monthly.of(report.month), timezone.now()
    name = _store(report)
    with transaction.atomic():
        before = ImpactReport.objects.select_for_update().get(pk=report.pk).pdf.name
        report.pdf.name = name
        report.save(update_fields=["figures", "generated_at", "pdf"])
        if before:
            transaction.on_commit(lambda: default_storage.delete(before))


def _store(report: ImpactReport) -> str:
    file = ContentFile(document.of_month(report.month, report.figures))
    return default_storage.save(f"reports/{report.slug}.pdf", file)

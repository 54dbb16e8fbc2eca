"""The report of a month: its figures as a row, then the file made of them."""

from datetime import date

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from config import files
from events import tasks
from events.impact import monthly
from events.models import Event, ImpactReport


def generate_monthly_report(month: date | None = None) -> None:
    """Tell of the month before this one, once however often this runs.

    The row is unique by its month. Killed between row and file, the sweep finds a row without
    a file and makes it; of two at once, one file is kept.
    """
    month = month or monthly.month_before(timezone.localdate())
    report, _ = ImpactReport.objects.get_or_create(
        month=month, defaults={"figures": lambda: monthly.of(month)}
    )
    draw_month(report.pk)


def draw_month(report_id: int) -> None:
    """Make the file of a month that has none, unless what it shows changes meanwhile."""
    # Not at the start of a process: it brings numpy along, which most never need.
    from events.impact import document

    report = ImpactReport.objects.filter(pk=report_id, pdf="").first()
    if report is None:
        return
    file = ContentFile(document.of_month(report.month, report.figures))
    name = default_storage.save(f"reports/{report.slug}.pdf", file)
    as_drawn = ImpactReport.objects.filter(pk=report_id, pdf="", version=report.version)
    if not as_drawn.update(pdf=name):
        default_storage.delete(name)


def undrawn_months() -> list[int]:
    return list(ImpactReport.objects.filter(pdf="").values_list("pk", flat=True))


@transaction.atomic
def remake_monthly_report(report: ImpactReport) -> None:
    """Add a month up again, with what was approved since, and let its file be made anew."""
    figures = monthly.of(report.month)
    report = ImpactReport.objects.select_for_update(no_key=True).get(pk=report.pk)
    report.figures, report.generated_at = figures, timezone.now()
    _withdraw(report)


def withdraw_pictures(event: Event) -> None:
    """Take the file of the event's month away, and let it be drawn from the same figures again.

    For a photo that is not shown any more; the caller's transaction is that of the photo.
    """
    month = timezone.localdate(event.starts_at).replace(day=1)
    told = ImpactReport.objects.select_for_update(no_key=True).filter(month=month)
    if report := told.first():
        _withdraw(report)


def _withdraw(report: ImpactReport) -> None:
    files.delete_on_commit([report.pdf.name])
    report.pdf.name = ""
    report.version += 1
    report.save()
    tasks.draw_month.delay_on_commit(report.pk)

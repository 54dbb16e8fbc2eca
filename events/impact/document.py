"""The report of a month as a PDF, in Portuguese."""

from datetime import date
from io import BytesIO
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from fpdf.fonts import FontFace

from config.pdf import BLACK, FAMILY, GREEN, GREY, Document
from events.impact import charts, pictures, sums
from events.impact.charts import LIGHT, Bar
from events.impact.words import amount, kind_amount, kind_name, measure_name, month_name

LANGUAGE = "pt-br"
ROW = 7
CHART = 75  # millimetres: a chart begins on a new page rather than break
PICTURE = 60


def of_month(month: date, figures: dict[str, Any]) -> bytes:
    """Draw the pages: totals, charts, what was done by category and city, pictures."""
    with translation.override(LANGUAGE):
        name = month_name(month)
        page = Document(title=f"{_('Impact report')} · {name}", language="pt-BR")
        page.c_margin = 0  # text begins where boxes do
        page.heading(_("Impact report"), 22)
        page.paragraph(name, size=13)
        page.ln(4)
        _totals(page, figures)
        _hours_by_category(page, figures["categories"])
        _hours_by_week(page, figures["weeks"])
        _categories(page, figures["categories"])
        _cities(page, figures["cities"])
        _before_and_after(page, month)
        return page.as_bytes()


def _totals(page: Document, figures: dict[str, Any]) -> None:
    if not figures["events"]:
        page.paragraph(_("No events took place in this month."))
        page.ln(3)
    charts.tiles(page, [(amount(figures[name]), measure_name(name)) for name in sums.MEASURES])
    charts.tiles(
        page, [(kind_amount(kind, value), kind_name(kind)) for kind, value in _done(figures)]
    )
    if figures["reports"]:
        _sources(page, figures["reports"])
    page.ln(3)


def _sources(page: Document, reports: int) -> None:
    note = ngettext(
        "The figures come from %(count)s approved report; hours and people from check-ins.",
        "The figures come from %(count)s approved reports; hours and people from check-ins.",
        reports,
    )
    with page.local_context():
        page.set_text_color(*GREY)
        page.set_font(FAMILY, size=8)
        text = note % {"count": amount(reports)}
        page.multi_cell(0, 4.5, text, new_x="LMARGIN", new_y="NEXT")


def _done(figures: dict[str, Any]) -> list[tuple[str, float]]:
    return [(kind, value) for kind, value in figures["figures"].items() if value]


def _hours_by_category(page: Document, categories: list[dict[str, Any]]) -> None:
    if not categories:
        return
    _section(page, _("Hours by category"), 8 + 7 * len(categories))
    ordered = sorted(categories, key=lambda one: -one["hours"])
    charts.bars(page, [Bar(one["name"], one["hours"], _hours(one)) for one in ordered])
    page.ln(4)


def _hours_by_week(page: Document, weeks: list[dict[str, Any]]) -> None:
    if not any(week["hours"] for week in weeks):
        return
    _section(page, _("Hours by week"), CHART)
    charts.columns(page, [Bar(_span(week), week["hours"], _hours(week)) for week in weeks])
    page.ln(2)


def _hours(row: dict[str, Any]) -> str:
    return amount(row["hours"], "h")


def _span(week: dict[str, Any]) -> str:
    first, last = date.fromisoformat(week["from"]), date.fromisoformat(week["to"])
    if first == last:
        return date_format(first, "d/m")
    return f"{first.day:02}–{date_format(last, 'd/m')}"


def _categories(page: Document, categories: list[dict[str, Any]]) -> None:
    """What was done in each category, in one table."""
    if not categories:
        return
    _section(page, _("What was done"), 8 + ROW * 3)
    heads = [_("Category"), measure_name("events"), measure_name("visits"), _("Figures")]
    rows = [
        [
            category["name"],
            amount(category["events"]),
            amount(category["visits"]),
            "\n".join(
                f"{kind_name(kind)}: {kind_amount(kind, value)}" for kind, value in _done(category)
            )
            or "–",
        ]
        for category in categories
    ]
    _table(page, heads, rows, widths=(42, 18, 22, 62), aligns=("L", "R", "R", "L"))


def _cities(page: Document, cities: list[dict[str, Any]]) -> None:
    if not cities:
        return
    _section(page, _("Cities with the most hours"), 8 + ROW * 3)
    heads = [_("City"), *(measure_name(name) for name in sums.MEASURES)]
    rows = [[city["city"], *(amount(city[name]) for name in sums.MEASURES)] for city in cities]
    _table(page, heads, rows, widths=(60, 21, 21, 21, 21), aligns=("L", "R", "R", "R", "R"))


def _before_and_after(page: Document, month: date) -> None:
    """Pairs of pictures, side by side; the heading comes with the first."""
    width = (page.epw - charts.GAP) / 2
    for number, (before, after, caption) in enumerate(pictures.pairs(month)):
        if not number:
            _section(page, _("Before and after"), PICTURE + 20)
        elif page.will_page_break(PICTURE + 12):
            page.add_page()
        top = page.get_y()
        for left, picture in ((0, before), (width + charts.GAP, after)):
            place = (page.l_margin + left, top, width, PICTURE)
            page.image(BytesIO(picture), *place, keep_aspect_ratio=True)
        page.set_xy(page.l_margin, top + PICTURE + 2)
        page.paragraph(caption, size=9)
        page.ln(4)


def _section(page: Document, title: str, height: float) -> None:
    """A heading that stays with so much of what follows it."""
    if page.will_page_break(height + 10):
        page.add_page()
    page.heading(title, 13)


def _table(
    page: Document,
    heads: list[str],
    rows: list[list[str]],
    *,
    widths: tuple[int, ...],
    aligns: tuple[str, ...],
) -> None:
    with page.local_context():
        page.set_font(FAMILY, size=9)
        page.set_text_color(*BLACK)
        page.set_draw_color(*charts.LINE)
        style = FontFace(emphasis="BOLD", color=GREEN, fill_color=LIGHT)
        with page.table(
            col_widths=widths,
            text_align=aligns,
            headings_style=style,
            borders_layout="HORIZONTAL_LINES",
            line_height=ROW * 0.75,
            padding=(1, 2),
        ) as table:
            for row in [heads, *rows]:
                table.row(row)
    page.ln(6)

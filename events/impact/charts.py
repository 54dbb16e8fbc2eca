"""Charts and tiles, drawn with the lines and boxes of fpdf2."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.pdf import BLACK, FAMILY, GREEN, GREY, Document
from events.impact.words import amount

LIGHT = (236, 253, 243)
LINE = (209, 213, 219)
TILE_HEIGHT, GAP = 22, 4
BAR_HEIGHT, LABEL_WIDTH, VALUE_WIDTH = 6, 52, 24
COLUMNS_HEIGHT = 45


@dataclass(frozen=True)
class Bar:
    label: str
    value: float
    shown: str = ""


def tiles(page: Document, facts: Sequence[tuple[str, str]]) -> None:
    """A row of boxes, each with a large number and what it counts."""
    if not facts:
        return
    top = page.get_y()
    width = (page.epw + GAP) / len(facts) - GAP
    for place, (number, label) in enumerate(facts):
        _tile(page, page.l_margin + place * (width + GAP), top, width, number, label)
    page.set_xy(page.l_margin, top + TILE_HEIGHT + GAP)


def _tile(page: Document, left: float, top: float, width: float, number: str, label: str) -> None:
    with page.local_context():
        page.set_fill_color(*LIGHT)
        page.rect(left, top, width, TILE_HEIGHT, style="F", round_corners=True, corner_radius=2)
        page.set_font(FAMILY, "B", _fitting(page, number, width - 4, largest=17))
        page.set_text_color(*GREEN)
        page.set_xy(left, top + 4)
        page.cell(width, 8, number, align="C")
        page.set_font(FAMILY, size=8)
        page.set_text_color(*GREY)
        page.set_xy(left, top + 13)
        page.cell(width, 5, label, align="C")


def _fitting(page: Document, text: str, width: float, *, largest: int) -> int:
    """The largest size in which the text fits into the width."""
    for size in range(largest, 6, -1):
        page.set_font(FAMILY, "B", size)
        if page.get_string_width(text) <= width:
            return size
    return 6


def bars(page: Document, rows: Sequence[Bar]) -> None:
    """Lying bars, each with its name before and its number behind it."""
    most = max((row.value for row in rows), default=0) or 1
    room = page.epw - LABEL_WIDTH - VALUE_WIDTH
    for row in rows:
        if page.will_page_break(BAR_HEIGHT):
            page.add_page()
        top = page.get_y()
        with page.local_context():
            page.set_font(FAMILY, size=9)
            page.set_text_color(*BLACK)
            page.cell(LABEL_WIDTH, BAR_HEIGHT, shortened(page, row.label, LABEL_WIDTH - 3))
            page.set_fill_color(*GREEN)
            width = max(room * row.value / most, 0.4)
            page.rect(page.l_margin + LABEL_WIDTH, top + 1, width, BAR_HEIGHT - 2, style="F")
            page.set_x(page.l_margin + LABEL_WIDTH + width + 2)
            page.cell(VALUE_WIDTH, BAR_HEIGHT, row.shown or amount(row.value))
        page.set_xy(page.l_margin, top + BAR_HEIGHT + 1)


def columns(page: Document, rows: Sequence[Bar]) -> None:
    """Standing bars side by side, over a line, with their names below."""
    most = max((row.value for row in rows), default=0) or 1
    width = page.epw / max(len(rows), 1)
    top = page.get_y() + 5
    bottom = top + COLUMNS_HEIGHT
    with page.local_context():
        page.set_draw_color(*LINE)
        page.line(page.l_margin, bottom, page.l_margin + page.epw, bottom)
    for place, row in enumerate(rows):
        left = page.l_margin + place * width
        _column(page, left, bottom, width, COLUMNS_HEIGHT * row.value / most, row)
    page.set_xy(page.l_margin, bottom + 9)


def _column(
    page: Document, left: float, bottom: float, width: float, height: float, row: Bar
) -> None:
    bar = min(width * 0.55, 22)
    with page.local_context():
        page.set_fill_color(*GREEN)
        if height:
            page.rect(left + (width - bar) / 2, bottom - height, bar, height, style="F")
        page.set_font(FAMILY, size=8)
        page.set_text_color(*BLACK)
        page.set_xy(left, bottom - height - 5)
        page.cell(width, 4, row.shown or amount(row.value), align="C")
        page.set_text_color(*GREY)
        page.set_xy(left, bottom + 1.5)
        page.cell(width, 5, row.label, align="C")


def shortened(page: Document, text: str, width: float) -> str:
    """The text, cut where it would not fit into the width."""
    if page.get_string_width(text) <= width:
        return text
    while text and page.get_string_width(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"

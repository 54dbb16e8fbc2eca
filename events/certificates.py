"""Certificates on paper: one page, whatever the length of names and titles."""

import math
from datetime import date
from decimal import Decimal
from typing import cast

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.pdf import BLACK, FAMILY, GREEN, GREY, Document
from events.models import Certificate, Event

WIDTH, HEIGHT = 297, 210  # millimetres, A4 lying
LEFT, TEXT_WIDTH = 32, WIDTH - 2 * 32
FOOT = 156
QR_SIZE, QR_LEFT = 30, WIDTH - 32 - 30
PALE, WHITE = (220, 237, 226), (255, 255, 255)
INSET = 12
# From line to line, in millimetres for each point of the font.
STEP = 0.45
SIGNATURE_WIDTH = 90
# Points of a font: what is larger stands in one line, what is smaller cannot be read.
FROM_AFAR, SMALLEST = 16, 6


def draw(certificate: Certificate) -> bytes:
    """The certificate as a PDF, in the language of the person."""
    place = certificate.participant
    event = place.event
    with translation.override(place.user.language):
        sheet = _Sheet(title=_("Certificate of participation"), language=place.user.language)
        sheet.frame()
        sheet.line_of_text("Mutirão", y=26, size=12, style="B", color=GREEN)
        sheet.line_of_text(_("Certificate of participation"), y=36, size=30, style="B", color=GREEN)
        sheet.line_of_text(_("We certify that"), y=56, size=12, color=GREY)
        sheet.fitted(place.user.name, y=64, size=30, lines=2, height=17)
        sheet.line_of_text(_("took part in"), y=88, size=12, color=GREY)
        sheet.fitted(event.title, y=96, size=20, lines=3, height=20)
        sheet.line_of_text(where_and_when(event), y=120, size=12, color=GREY)
        sheet.hours(hours_in_words(certificate.hours), y=131)
        sheet.signature(event.organizer.name, timezone.localdate(certificate.issued_at))
        sheet.code(address(certificate), certificate.code)
    return sheet.as_bytes()


def address(certificate: Certificate) -> str:
    """Where anybody sees whether it holds."""
    return settings.SITE_URL + reverse("certificates:certificate", args=[certificate.code])


def where_and_when(event: Event) -> str:
    """Like "Olinda · 3 de Maio de 2027"; a city as long as a line is cut."""
    first, last = event.starts_at_local.date(), event.ends_at_local.date()
    days = _day(first) if first == last else f"{_day(first)} – {_day(last)}"
    city = event.city if len(event.city) <= 50 else f"{event.city[:49]}…"
    return f"{city} · {days}"


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def hours_in_words(hours: Decimal) -> str:
    whole = hours == hours.to_integral_value()
    number = number_format(int(hours) if whole else hours.normalize())
    text = ngettext(
        "%(number)s hour of volunteer work", "%(number)s hours of volunteer work", math.ceil(hours)
    )
    return text % {"number": number}


class _Sheet(Document):
    """The page; everything has its place, so that nothing moves when a name is long."""

    def __init__(self, *, title: str, language: str) -> None:
        super().__init__(title=title, language=language, landscape=True)
        self.set_auto_page_break(False)

    def footer(self) -> None:
        """No number: there is one page."""

    def frame(self) -> None:
        """Two lines around the page, and a rising sun in two corners."""
        for x, y, start in ((INSET, INSET, 0), (WIDTH - INSET, INSET, 90)):
            for radius, color in ((34, PALE), (27, WHITE), (20, PALE)):
                self.set_fill_color(*color)
                left, top = x - radius, y - radius
                self.solid_arc(left, top, 2 * radius, start, start + 90, style="F")
        self.set_draw_color(*GREEN)
        for inset, width in ((INSET - 3, 1.4), (INSET, 0.3)):
            self.set_line_width(width)
            self.rect(inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset)

    def line_of_text(
        self, text: str, *, y: float, size: float, style: str = "", color: tuple[int, ...] = BLACK
    ) -> None:
        """A centred line."""
        self.set_font(FAMILY, style, size)
        self.set_text_color(*color)
        self.set_xy(LEFT, y)
        self.cell(TEXT_WIDTH, size * STEP, text, align="C")

    def fitted(
        self,
        text: str,
        *,
        y: float,
        size: float,
        lines: int,
        height: float,
        width: float = TEXT_WIDTH,
        align: str = "C",
    ) -> None:
        """Bold text as large as fits into so many lines and that height, in its middle.

        In one line, as long as that can be read from afar.
        """
        self.set_text_color(*BLACK)
        text = " ".join(text.split())
        broken = self._broken(text, width, size)
        while size > SMALLEST and (
            len(broken) > (1 if size > FROM_AFAR else lines) or len(broken) * size * STEP > height
        ):
            size -= 1
            broken = self._broken(text, width, size)
        self.set_xy(LEFT, y + (height - len(broken) * size * STEP) / 2)
        self.multi_cell(width, size * STEP, "\n".join(broken), align=align)

    def _broken(self, text: str, width: float, size: float) -> list[str]:
        """The lines that the text takes in bold of that size."""
        self.set_font(FAMILY, "B", size)
        return cast(
            list[str], self.multi_cell(width, size * STEP, text, dry_run=True, output="LINES")
        )

    def hours(self, text: str, *, y: float) -> None:
        """What the person gave, in a green band."""
        self.set_font(FAMILY, "B", 14)
        width = self.get_string_width(text) + 20
        self.set_fill_color(*GREEN)
        self.rect((WIDTH - width) / 2, y, width, 12, style="F", round_corners=True, corner_radius=6)
        self.line_of_text(text, y=y + 2.9, size=14, style="B", color=WHITE)

    def signature(self, organizer: str, issued_on: date) -> None:
        self.set_draw_color(*GREY)
        self.set_line_width(0.3)
        self.line(LEFT, FOOT + 20, LEFT + SIGNATURE_WIDTH, FOOT + 20)
        name_height = 9
        self.fitted(
            organizer,
            y=FOOT + 21,
            size=10,
            lines=2,
            height=name_height,
            width=SIGNATURE_WIDTH,
            align="L",
        )
        self.set_font(FAMILY, "", 9)
        self.set_text_color(*GREY)
        self.set_xy(LEFT, FOOT + 21 + name_height)
        self.cell(90, 4.6, f"{_('Organization')} · {_('Issued on')} {_day(issued_on)}")

    def code(self, link: str, code: str) -> None:
        """The code that leads to the page which says whether the certificate holds."""
        matrix = segno.make(link, error="m", micro=False).matrix
        side = QR_SIZE / len(matrix)
        self.set_fill_color(*BLACK)
        for row, modules in enumerate(matrix):
            for column, is_dark in enumerate(modules):
                if is_dark:
                    self.rect(QR_LEFT + column * side, FOOT - 2 + row * side, side, side, style="F")
        self.link(QR_LEFT, FOOT - 2, QR_SIZE, QR_SIZE, link)
        self.set_font(FAMILY, "", 7)
        self.set_text_color(*GREY)
        for number, text in enumerate((_("Check this certificate:"), code)):
            self.set_xy(QR_LEFT - 20, FOOT + 29.5 + number * 3.4)
            self.cell(QR_SIZE + 20, 3.4, text, align="R")

"""PDFs with our look: one page format, one font that holds every European script."""

from pathlib import Path
from typing import Any

from fpdf import FPDF

FONTS = Path(__file__).parent / "fonts"
FAMILY = "DejaVu"
MARGIN = 18  # millimetres
GREEN, GREY, BLACK = (21, 128, 61), (107, 114, 128), (17, 24, 39)


class Document(FPDF):
    """A4 with embedded fonts; pages break by themselves, their numbers stand at the foot."""

    def __init__(self, *, title: str, language: str, landscape: bool = False) -> None:
        super().__init__("landscape" if landscape else "portrait", "mm", "A4")
        self.set_title(title)
        self.set_lang(language)
        self.set_creator("Mutirão")
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, MARGIN)
        for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            self.add_font(FAMILY, style, FONTS / name)
        self.set_font(FAMILY, size=10)
        self.add_page()

    def heading(self, text: str, size: int = 16) -> None:
        """A line of its own in bold green."""
        with self.local_context():
            self.set_font(FAMILY, "B", size)
            self.set_text_color(*GREEN)
            self.multi_cell(0, size * 0.55, text, new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def paragraph(self, text: str, *, size: int = 10, align: str = "L") -> None:
        """Text over the whole width."""
        with self.local_context():
            self.set_font(FAMILY, size=size)
            self.set_text_color(*BLACK)
            self.multi_cell(0, size * 0.55, text, align=align, new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        """The number of the page; fpdf2 calls this at the end of each."""
        self.set_y(-12)
        with self.local_context():
            self.set_font(FAMILY, size=8)
            self.set_text_color(*GREY)
            self.cell(0, 5, f"Mutirão · {self.page_no()}", align="C")

    def as_bytes(self, **options: Any) -> bytes:
        return bytes(self.output(**options))

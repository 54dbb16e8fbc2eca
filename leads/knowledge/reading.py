"""Reads what staff bring as knowledge, into text whose headings begin with `## `.

What files hold is data: nothing in them is ever run, opened or followed.
"""

import io
import logging
import re
import zipfile
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger(__name__)
LARGEST = 10 * 1024 * 1024
# A document of Word is a zip: what is small may unpack to anything.
LARGEST_UNPACKED = 40 * 1024 * 1024
MOST_ENTRIES = 2000
MOST_PAGES = 500
LONGEST_TEXT = 500_000
# What a page says beside its content.
NOT_CONTENT = ["script", "style", "noscript", "template", "iframe", "svg"]
NOT_CONTENT += ["nav", "header", "footer", "aside", "form", "button"]
BLOCKS = ["h1", "h2", "h3", "h4", "h5", "h6", "p", "li", "dt", "dd", "tr", "pre", "blockquote"]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
# Of plain words no line may look like a heading or a question of Markdown.
MARKS = re.compile(r"^(?:#+|\?) +", re.MULTILINE)


class Unreadable(Exception):
    """There is nothing to read in it; the sentence is for staff."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def text_of(content: bytes, *, name: str = "", content_type: str = "") -> str:
    """Give the text of a file by what it is, whatever it is called. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable(_("The file is larger than 10 MB."))
    text = _text(content, name.lower(), content_type.lower())
    tidy = _tidy(text)
    if not tidy:
        raise Unreadable(_("There is no text in it: a scan is a picture."))
    return tidy[:LONGEST_TEXT]


def _text(content: bytes, name: str, content_type: str) -> str:
    if content.startswith(b"%PDF-"):
        return _guarded(_pdf, content)
    if content.startswith(b"PK\x03\x04"):
        return _guarded(_word, content)
    text = _decoded(content)
    ending = PurePath(name).suffix
    if ending in (".html", ".htm") or "html" in content_type or _looks_like_html(text):
        return _guarded(_html, text)
    return text if ending in (".md", ".markdown") else MARKS.sub("", text)


def _guarded(read: Any, content: Any) -> str:
    """Parsers break in many ways, and all but running out of time are the file's fault."""
    try:
        return str(read(content))
    except (Unreadable, SoftTimeLimitExceeded):
        raise
    except (Exception, RecursionError) as error:
        logger.info("A document could not be read: %s.", type(error).__name__)
        raise Unreadable(_("The file is damaged, or not what it seems to be.")) from error


def _pdf(content: bytes) -> str:
    from pypdf import PdfReader, apply_configuration
    from pypdf.errors import FileNotDecryptedError, LimitReachedError

    try:
        with apply_configuration(
            zlib_maximum_output_length=LARGEST_UNPACKED,
            lzw_maximum_output_length=LARGEST_UNPACKED,
            run_length_maximum_output_length=LARGEST_UNPACKED,
            array_based_stream_maximum_output_length=LARGEST_UNPACKED,
        ):
            reader = PdfReader(io.BytesIO(content))
            if reader.is_encrypted and not reader.decrypt(""):
                raise Unreadable(_("The file is locked with a password."))
            return "\n\n".join(_pages(reader))
    except FileNotDecryptedError as error:
        raise Unreadable(_("The file is locked with a password.")) from error
    except LimitReachedError as error:
        raise Unreadable(_("The file unpacks to more than we read.")) from error


def _pages(reader: Any) -> Iterator[str]:
    if len(reader.pages) > MOST_PAGES:
        raise Unreadable(_("The file has more than 500 pages: divide it."))
    length = 0
    for page in reader.pages:
        text = MARKS.sub("", page.extract_text())
        yield text
        length += len(text)
        if length > LONGEST_TEXT:
            return


def _word(content: bytes) -> str:
    import docx
    from docx.table import Table

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        # An entry gives no more bytes than it announces.
        if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > LARGEST_UNPACKED:
            raise Unreadable(_("The file unpacks to more than we read."))
        if "word/document.xml" not in archive.namelist():
            raise Unreadable(_("Of packed files only documents of Word (.docx) are read."))
    blocks = docx.Document(io.BytesIO(content)).iter_inner_content()
    return "\n\n".join(_row(b) if isinstance(b, Table) else _paragraph(b) for b in blocks)


def _paragraph(paragraph: Any) -> str:
    text = MARKS.sub("", paragraph.text.strip())
    style = paragraph.style.name if paragraph.style is not None else ""
    is_heading = text and style.startswith(("Heading", "Title", "Título"))
    return f"## {' '.join(text.split())}" if is_heading else text


def _row(table: Any) -> str:
    from docx.table import _Cell

    # Not `row.cells`, which repeats a cell for each column that it says it spans, however many.
    rows = ([_Cell(tc, table).text.strip() for tc in row._tr.tc_lst] for row in table.rows)
    return "\n".join(MARKS.sub("", " | ".join(filter(None, row))) for row in rows)


def _html(text: str) -> str:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "lxml")
    for thing in soup(NOT_CONTENT):
        thing.decompose()
    body = soup.find("main") or soup.find("article") or soup.body or soup
    blocks = [block for block in body.find_all(BLOCKS) if not block.find(BLOCKS)]
    if not blocks:
        return MARKS.sub("", body.get_text("\n"))
    return "\n\n".join(filter(None, map(_block, blocks)))


def _block(block: Any) -> str:
    text = MARKS.sub("", " ".join(block.get_text(" ").split()))
    return f"## {text}" if text and re.fullmatch("h[1-6]", block.name) else text


def _looks_like_html(text: str) -> bool:
    return text.lstrip()[:200].lower().startswith(("<!doctype html", "<html"))


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise Unreadable(_("Only PDF, Word (.docx), HTML, Markdown and plain text are read."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _tidy(text: str) -> str:
    text = CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

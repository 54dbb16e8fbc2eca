"""Everything that people read is translated to Brazilian Portuguese, by hand and completely."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.apps import apps
from django.conf import settings
from django.utils.translation.template import templatize

KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
OUR_APPS = {
    app.label: Path(app.path)
    for app in apps.get_app_configs()
    if Path(app.path).parent == settings.BASE_DIR
}


def sources(folder):
    """The Python that our code is, and that our templates become."""
    for path in folder.rglob("*.py"):
        if "migrations" not in path.parts:
            yield path, path.read_text()
    for path in (folder / "templates").rglob("*.*"):
        yield path, templatize(path.read_text())


def messages(folder):
    """The texts that are marked for translation, with where they stand."""
    for path, source in sources(folder):
        code = BytesIO(source.encode())
        for line, message, _, context in extract("python", code, KEYWORDS):
            texts = (message,) if isinstance(message, str) else tuple(filter(None, message))
            yield f"{path.relative_to(settings.BASE_DIR)}:{line}", texts, context


def catalogues():
    paths = settings.BASE_DIR.glob("**/locale/pt_BR/LC_MESSAGES/django.po")
    return {
        path: read_po(BytesIO(path.read_bytes()), locale="pt_BR")
        for path in paths
        if not any(part.startswith(".") for part in path.relative_to(settings.BASE_DIR).parts)
    }


def strings(entry):
    return entry.string if entry.pluralizable else [entry.string]


def translation(texts, context):
    """All catalogues are one for Django; None if no one has the text."""
    for catalogue in CATALOGUES.values():
        if entry := catalogue.get(texts[0], context):
            return entry
    return None


CATALOGUES = catalogues()


@pytest.mark.parametrize("app", OUR_APPS)
def test_every_text_is_translated(app):
    missing = []
    for place, texts, context in messages(OUR_APPS[app]):
        entry = translation(texts, context)
        if entry is None or entry.fuzzy or not all(strings(entry)):
            missing.append((place, texts))

    assert missing == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[3].name)
def test_translations_keep_the_placeholders(path):
    wrong = []
    for entry in CATALOGUES[path]:
        originals = entry.id if entry.pluralizable else [entry.id]
        expected = set(PLACEHOLDER.findall(originals[-1]))
        found = [set(PLACEHOLDER.findall(text)) for text in strings(entry)]
        # The singular may say "one" instead of the number.
        if found[-1] != expected or any(placeholders - expected for placeholders in found):
            wrong.append(originals[0])

    assert [text for text in wrong if text] == []


def test_catalogues_agree_where_they_hold_the_same_text():
    seen = {}
    for catalogue in CATALOGUES.values():
        for entry in catalogue:
            if entry.id:
                texts = entry.id if entry.pluralizable else (entry.id,)
                seen.setdefault((texts[0], entry.context), set()).add(str(entry.string))

    assert {key: strings for key, strings in seen.items() if len(strings) > 1} == {}

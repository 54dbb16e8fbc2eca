"""Compiles the translations with Babel, because gettext's own tools may be missing."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from embedded import state

PATTERNS = ("locale/*/LC_MESSAGES/*.po", "*/locale/*/LC_MESSAGES/*.po")


def compile_all(root: Path = state.ROOT) -> int:
    """Compile the catalogues that changed and return how many did."""
    sources = [
        path for pattern in PATTERNS for path in root.glob(pattern) if ".run" not in path.parts
    ]
    changed = [path for path in sources if _is_newer(path, path.with_suffix(".mo"))]
    for path in changed:
        _compile(path)
    return len(changed)


def _is_newer(source: Path, target: Path) -> bool:
    return not target.exists() or source.stat().st_mtime > target.stat().st_mtime


def _compile(source: Path) -> None:
    """In one step, since two commands may do this at the same time."""
    draft = source.with_suffix(f".{os.getpid()}.draft")
    with source.open("rb") as text:
        catalogue = read_po(text)
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.replace(source.with_suffix(".mo"))


if __name__ == "__main__":
    compile_all()

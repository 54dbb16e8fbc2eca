"""Starts from a bare system Python: `python3 -m embedded.bootstrap run`.

Any Python 3.6 or later can read this, so that an old one answers with a sentence.
"""

import importlib.util
import os
import shutil
import sys

NEEDED = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
# What Debian and others leave out of their Python, and what Windows does not have. The names with
# an underscore are the compiled halves: a Python built without them still has the other half.
MODULES = ("ensurepip", "venv", "_ssl", "zlib", "_ctypes", "fcntl")


def is_too_old(version: "tuple[int, int]") -> bool:
    return version < NEEDED


def refusal(version: "tuple[int, int]", missing: "list[str]") -> "str | None":
    """The sentence that says why this Python cannot start Mutirão, if it cannot."""
    if is_too_old(version):
        return (
            f"Python 3.11 or newer is needed, this is {version[0]}.{version[1]} "
            f"({sys.executable}): name a newer one, as in `make run PYTHON=python3.12`."
        )
    if missing:
        return (
            f"{sys.executable} lacks the module {', '.join(missing)}: install it (Debian, Ubuntu: "
            "apt-get install python3-venv) or name another Python, as in "
            "`make run PYTHON=python3.12`."
        )
    return None


def missing_modules() -> "list[str]":
    return [name for name in MODULES if importlib.util.find_spec(name) is None]


def become_a_newer_one() -> None:
    """Go on in the first newer Python on PATH, if there is one."""
    for path in filter(None, map(shutil.which, NEWER)):
        os.execv(path, [path, "-m", "embedded.bootstrap", *sys.argv[1:]])  # noqa: S606


def main() -> None:
    version = sys.version_info[:2]
    if is_too_old(version):
        become_a_newer_one()
    reason = refusal(version, missing_modules())
    if reason:
        sys.exit(f"Mutirão: {reason}")
    from embedded import install  # only now is it certain that this Python can read it

    sys.exit(install.main(sys.argv[1:]))


if __name__ == "__main__":
    main()

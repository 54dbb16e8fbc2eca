"""How a command says no: one sentence for the person at the keyboard."""

import sys


class Refusal(Exception):
    """Something outside the code is in the way; its text is one clear sentence."""


def say(text: str) -> None:
    """Progress, seen at once even when the output goes into a pipe."""
    print(text, flush=True)


def complain(text: object) -> None:
    print(f"Mutirão: {text}", file=sys.stderr, flush=True)

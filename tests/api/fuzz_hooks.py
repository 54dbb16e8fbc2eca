"""Loaded by schemathesis, in its own process: who asks, and that keys are not used up."""

import os
from itertools import count

import schemathesis

KEY = "Idempotency-Key"
numbers = count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Let one request of four come from nobody, and most bring a key that was not used before.

    Behind a key that was used with another body, nothing else would be seen.
    """
    number = next(numbers)
    if number % 4:
        case.headers["Authorization"] = f"Bearer {os.environ['FUZZ_TOKEN']}"
    if KEY in case.headers and number % 3:
        case.headers[KEY] = f"key {number}"

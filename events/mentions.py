"""Who is called by name in a comment."""

import re
from collections.abc import Collection

# In the languages that people write here.
ALL = re.compile(
    r"(?<!\w)@(?:organizer|organizador|organizadora|organização|organizacao)s?\b", re.IGNORECASE
)
# A name and the id of its account, like @ana-souza-12.
ONE = re.compile(r"(?<!\w)@(?:[^\W_]+-)+(\d{1,18})\b")


def mentioned(text: str, organizers: Collection[int]) -> set[int]:
    """Those of the organizers who are called, all by their role or one by name and id."""
    if ALL.search(text):
        return set(organizers)
    return {int(number) for number in ONE.findall(text)} & set(organizers)

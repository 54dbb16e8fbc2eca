"""Fetches pages that staff named as knowledge; nothing inside our networks (config.http).

Whatever OUTGOING_NETWORKS lets providers and the gateway reach: what is fetched is quoted to all.
"""

import httpx2
from django.utils.translation import gettext_lazy as _

from config.http import Client, Forbidden, TooMuch
from leads.knowledge import reading

LONGEST = 15  # seconds
# The page is no more, and what it said should not be either.
GONE = (404, 410)
HEADERS = {"Accept": "text/html, text/plain, text/markdown, application/pdf;q=0.9"}
# One site that is away says nothing about the next, so it takes many to open the breaker.
CLIENT = Client("knowledge", only_public=True, failures=20)


class Gone(reading.Unreadable):
    """There is no such page any more."""


def fetch(url: str) -> str:
    """Give the text of a page. Raises Unreadable, or DependencyAway to try again later."""
    try:
        response = CLIENT.request(
            "GET",
            url,
            attempts=1,
            follow_redirects=True,
            headers=HEADERS,
            largest=reading.LARGEST,
            longest=LONGEST,
        )
    except (Forbidden, httpx2.InvalidURL) as error:
        raise reading.Unreadable(_("This address may not be fetched.")) from error
    except TooMuch as error:
        raise reading.Unreadable(_("The page is too large, or has no end.")) from error
    if response.status_code in GONE:
        raise Gone(_("There is no such page."))
    if response.status_code != httpx2.codes.OK:
        status = response.status_code
        raise reading.Unreadable(
            _("The site answered with status %(status)d.") % {"status": status}
        )
    return reading.text_of(
        response.content,
        name=httpx2.URL(url).path,
        content_type=response.headers.get("content-type", ""),
    )

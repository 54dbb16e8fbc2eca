"""Tavily's search of the web."""

import re
from typing import Any

import httpx2
from django.conf import settings

from config import http
from config.errors import DependencyAway
from leads.agent.providers.protocol import Hit

MOST = 3
TIMEOUT, LONGEST = httpx2.Timeout(5, connect=2, pool=2), 8  # seconds
LARGEST = 1024 * 1024
# In one piece, so that nothing else stands in its line.
PAGE = re.compile(r"https?://\S{1,500}")
CLIENT = http.Client("tavily")


class Tavily:
    """One call for one question; it is not tried again."""

    def search(self, query: str) -> list[Hit]:
        try:
            response = CLIENT.request(
                "POST",
                settings.TAVILY_URL,
                json={"query": query, "max_results": MOST, "search_depth": "basic"},
                headers={"Authorization": f"Bearer {settings.TAVILY_API_KEY}"},
                timeout=TIMEOUT,
                largest=LARGEST,
                longest=LONGEST,
            )
        except http.TooMuch as error:
            raise DependencyAway(CLIENT.name) from error
        if response.status_code != httpx2.codes.OK:
            raise DependencyAway(CLIENT.name)  # a key that is wrong, or a plan that is used up
        return _hits(response)


def _hits(response: httpx2.Response) -> list[Hit]:
    try:
        results: Any = response.json()["results"]
        found = [Hit(*(str(one[name]) for name in ("title", "url", "content"))) for one in results]
        return [hit for hit in found if PAGE.fullmatch(hit.url)][:MOST]
    except (ValueError, LookupError, TypeError) as error:
        raise DependencyAway(CLIENT.name) from error

"""nginx writes no secret of a path into its log: none that our own lines leave out."""

import re

import pytest
from django.conf import settings
from django.urls import URLPattern, get_resolver

from config.request_log import is_hidden

SECRET = "SECRET-0123456789-abcdef"
TEMPLATE = (settings.BASE_DIR / "nginx/site.conf.template").read_text("utf-8")
MAP = re.search(r"map \$uri \$logged_uri \{(.*?)\n\}", TEMPLATE, re.DOTALL)[1]
RULES = [
    (re.compile(pattern.replace("(?<", "(?P<")), written)
    for pattern, written in re.findall(r'"~(.+?)" "(.+?)";', MAP)
]


def routes(patterns, before=""):
    """All routes with what they take, as (path with names in braces, names)."""
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield path, [*one.pattern.converters, *one.pattern.regex.groupindex]
        else:
            yield from routes(one.url_patterns, path)


def example(path):
    """An address of this route, with SECRET in the place of a secret, and 7 for the rest."""
    named = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
    filled = named.sub(lambda found: SECRET if is_hidden(found[1] or found[2]) else "7", path)
    return "/" + re.sub(r"\^|\$|\(\?:|\)\?|/\?$|\\Z", "", filled).replace("\\.", ".")


def logged(path):
    for rule, written in RULES:
        if found := rule.match(path):
            return re.sub(r"\$(\w+)", lambda name: found[name[1]] or "", written)
    return path


SECRETIVE = sorted(
    {
        example(path)
        for path, names in routes(get_resolver().url_patterns)
        if any(map(is_hidden, names))
    }
)


def test_there_are_such_routes():
    assert len(SECRETIVE) > 5


@pytest.mark.parametrize("path", SECRETIVE)
def test_secret_of_a_path_is_not_logged(path):
    assert SECRET in path
    assert SECRET not in logged(path)


def test_other_paths_are_logged_as_they_are():
    assert logged("/api/v1/events/7/") == "/api/v1/events/7/"

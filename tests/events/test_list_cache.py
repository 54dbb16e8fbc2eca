"""The cached list: the same for all, fresh after every write, computed once for many."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident
from threading import Event as Signal
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django_redis import get_redis_connection

from events import caching
from events.models import Event
from tests.factories import EventFactory
from users.models import User

URL = "/api/v1/events/"
KEPT = b"the answer"


def count_of(client, **query):
    return client.get(URL, query).json()["count"]


@pytest.mark.django_db
def test_a_second_request_asks_the_database_nothing(anonymous, api, django_assert_num_queries):
    EventFactory()
    first = anonymous.get(URL)

    with django_assert_num_queries(0):
        assert anonymous.get(URL).content == first.content
        assert api.get(URL).content == first.content


@pytest.mark.django_db
def test_without_a_write_the_list_stays(anonymous):
    assert count_of(anonymous) == 0
    EventFactory()

    assert count_of(anonymous) == 0


@pytest.mark.django_db
def test_a_change_shows_at_once_in_every_list(anonymous):
    count_of(anonymous), count_of(anonymous, city="São Paulo")
    EventFactory()

    caching.events_changed()

    assert count_of(anonymous) == count_of(anonymous, city="São Paulo") == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "path", "body", "seats_left"),
    [
        ("draft", "publish/", None, [10]),
        ("published", "join/", None, [9]),
        ("published", "cancel/", {"reason": "Chuva"}, []),
    ],
)
def test_what_people_do_shows_at_once(
    anonymous, api, user, django_capture_on_commit_callbacks, status, path, body, seats_left
):
    event = EventFactory(status=status, organizer=user)
    anonymous.get(URL)

    with django_capture_on_commit_callbacks(execute=True):
        assert api.post(f"{URL}{event.pk}/{path}", body).status_code in (200, 201)

    results = anonymous.get(URL).json()["results"]
    assert [found["seats_left"] for found in results] == seats_left


@pytest.mark.django_db
def test_an_edit_shows_at_once(anonymous, api, user, django_capture_on_commit_callbacks):
    event = EventFactory(organizer=user)
    anonymous.get(URL)

    with django_capture_on_commit_callbacks(execute=True):
        api.patch(f"{URL}{event.pk}/", {"title": "Novo título"})

    assert anonymous.get(URL).json()["results"][0]["title"] == "Novo título"


@pytest.mark.django_db
def test_an_answer_to_a_token_is_for_no_other_cache(client_of, user):
    client = client_of(user)
    client.credentials(HTTP_AUTHORIZATION="Bearer x")

    assert client.get(URL)["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_a_seat_taken_shows_without_counting_again(anonymous, django_assert_num_queries):
    event = EventFactory(capacity=3)
    anonymous.get(URL)
    Event.objects.update(seats_taken=1)

    caching.seats_changed()

    with django_assert_num_queries(1):
        shown = anonymous.get(URL).json()["results"]
    assert [found["seats_left"] for found in shown] == [2]
    assert shown[0]["id"] == event.pk


@pytest.mark.django_db
def test_the_last_seat_taken_counts_again_what_has_seats(anonymous):
    EventFactory(capacity=1)
    assert count_of(anonymous, has_seats="true") == 1
    Event.objects.update(seats_taken=1)

    caching.seats_changed()

    assert count_of(anonymous, has_seats="true") == 0


@pytest.mark.django_db
def test_a_page_of_another_order_needs_no_second_count(anonymous, django_assert_num_queries):
    EventFactory()
    anonymous.get(URL)

    with django_assert_num_queries(1):
        anonymous.get(URL, {"ordering": "created_at"})


@pytest.mark.django_db
def test_what_the_list_does_not_know_makes_no_other_entry(anonymous, django_assert_num_queries):
    EventFactory.create_batch(2)
    kept = anonymous.get(URL, {"page_size": 1, "page": 2})

    with django_assert_num_queries(0):
        again = anonymous.get(URL, {"utm_source": "x", "page": 2, "page_size": 1, "_": "7"})

    assert again.json() == kept.json()
    assert again.json()["previous"] == f"http://testserver{URL}?page_size=1"


@pytest.mark.django_db
def test_drafts_are_never_kept(api, anonymous, user):
    EventFactory(status="draft", organizer=user)

    assert count_of(api, status="draft") == 1
    assert count_of(anonymous, status="draft") == 0
    assert count_of(anonymous, status=["draft", "published"]) == 0


@pytest.mark.django_db
def test_another_host_gets_its_own_links(anonymous, settings):
    settings.ALLOWED_HOSTS = ["testserver", "example.org"]
    EventFactory.create_batch(2)
    anonymous.get(URL, {"page_size": 1})

    other = anonymous.get(URL, {"page_size": 1}, headers={"host": "example.org"})

    assert other.json()["next"].startswith("http://example.org/")


@pytest.mark.django_db
@override_settings(
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True},
        }
    }
)
def test_without_a_cache_the_list_is_right(anonymous):
    EventFactory()
    caching.events_changed()

    assert count_of(anonymous) == 1


def test_an_entry_expires():
    caching.fetch("list", lambda: KEPT)

    client = get_redis_connection("default")
    (entry,) = client.keys(f"{caching.FACTS}:*")
    assert 0 < client.ttl(entry) <= 60


def test_what_was_computed_before_a_change_is_not_kept_for_after():
    def overtaken():
        caching.events_changed()
        return b"old"

    caching.fetch("list", overtaken)

    assert caching.fetch("list", lambda: b"new") == b"new"


def test_one_computes_for_a_hundred():
    computed = []
    everyone = Barrier(100)

    def compute():
        computed.append(1)
        return KEPT

    def ask(_):
        everyone.wait()
        return caching.fetch("list", compute)

    for _ in range(5):
        caching.events_changed()
        with ThreadPoolExecutor(100) as people:
            assert set(people.map(ask, range(100))) == {KEPT}

    assert len(computed) == 5


def test_who_waits_gets_what_was_computed_though_a_change_came_between(monkeypatch):
    started, waiting = Signal(), Signal()
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: waiting.set())
    monkeypatch.setattr(caching, "time", clock)

    def slow():
        started.set()
        waiting.wait()
        caching.events_changed()
        return KEPT

    with ThreadPoolExecutor(2) as people:
        first = people.submit(caching.fetch, "list", slow)
        started.wait()
        second = people.submit(caching.fetch, "list", lambda: b"own")

    assert first.result() == KEPT
    assert second.result() == KEPT


@pytest.mark.django_db(transaction=True)
def test_who_waits_keeps_no_database_connection_from_who_computes(monkeypatch):
    started, all_wait, waiting, computed = Signal(), Signal(), set(), []
    connections = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]

    def sleep(_):
        waiting.add(get_ident())
        if len(waiting) == connections:
            all_wait.set()

    def compute():
        started.set()
        all_wait.wait()
        computed.append(User.objects.count())
        return KEPT

    def ask_with_a_token():
        User.objects.first()
        kept = caching.fetch("list", compute)
        connection.close()
        return kept

    def ask():
        kept = caching.fetch("list", compute)
        connection.close()
        return kept

    monkeypatch.setattr(caching, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    connection.close()
    with ThreadPoolExecutor(1 + connections) as people:
        first = people.submit(ask)
        started.wait()
        others = [people.submit(ask_with_a_token) for _ in range(connections)]

    assert {first.result(), *(other.result() for other in others)} == {KEPT}
    assert computed == [0]


def test_a_failure_is_not_kept_and_the_next_one_computes_at_once():
    with pytest.raises(ZeroDivisionError):
        caching.fetch("list", lambda: 1 / 0)

    assert caching.fetch("list", lambda: KEPT) == KEPT


def test_who_died_while_computing_holds_up_nobody_for_long(monkeypatch):
    monkeypatch.setattr(caching, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(caching._Entry, "fill", lambda entry, compute: compute())
    caching.fetch("list", lambda: KEPT)  # takes the lock and never lets it go
    monkeypatch.undo()

    assert caching.fetch("list", lambda: b"new") == b"new"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "categories/", "nearby/?lat=-23.5&lng=-46.6", "{}/"])
def test_nginx_may_keep_what_everybody_sees_when_it_is_asked_to(anonymous, settings, path):
    path = f"/api/v1/events/{path.format(EventFactory().pk)}"
    off = anonymous.get(path)

    settings.API_MICROCACHE = 1
    on = anonymous.get(path)

    assert "X-Accel-Expires" not in off.headers
    assert on.headers["X-Accel-Expires"] == "1"


@pytest.mark.django_db
def test_nginx_may_keep_nothing_that_was_answered_to_somebody(api, anonymous, settings):
    settings.API_MICROCACHE = 1
    anonymous.cookies["sessionid"] = "x"

    with_token = api.get("/api/v1/events/", headers={"Authorization": "Bearer x"})
    with_cookie = anonymous.get("/api/v1/events/")

    assert "X-Accel-Expires" not in with_token.headers
    assert "X-Accel-Expires" not in with_cookie.headers

"""Idempotency-Key: one computation, one answer, however often and from wherever it is sent."""

import errno
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Semaphore

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import OperationalError, connection, transaction
from django.http import Http404, UnreadablePostError
from kombu.exceptions import OperationalError as BrokerError
from rest_framework import exceptions
from rest_framework.generics import CreateAPIView
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from config.api import command, idempotent
from config.errors import DependencyAway, DomainError
from config.models import IdempotentAnswer
from events.models import EventCategory
from tests.factories import CategoryFactory, UserFactory
from tests.together import run_together


class Refused(DomainError):
    code = "refused"
    message = "No."


def send(view, body=None, *, key="k", path="/api/v1/things/", by=None, address="192.0.2.1"):
    headers = {} if key is None else {"Idempotency-Key": key}
    request = APIRequestFactory().post(path, body or {}, headers=headers, REMOTE_ADDR=address)
    force_authenticate(request, by)
    response = view(request)
    return response.render() if hasattr(response, "render") else response


def counting(outcome=None):
    """A command that makes a category each time it runs, then answers or raises `outcome`."""

    @command(request=None, responses=None, permission_classes=[AllowAny])
    def view(request):
        category = CategoryFactory()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome or Response({"id": category.pk}, 201, headers={"Location": "/there/"})

    return view


def slow(meanwhile):
    """A command that makes a category, and does not end before another connection did that."""

    @command(request=None, responses=None)
    def view(request):
        CategoryFactory()
        run_together(meanwhile)
        return Response({})

    return view


def runs():
    return EventCategory.objects.filter(name__startswith="Categoria").count()


def error_of(response):
    return response.data["errors"][0]


@pytest.mark.django_db
def test_retry_gets_the_same_answer_and_nothing_runs_again(user):
    view = counting()

    first, retry = send(view, by=user), send(view, by=user)

    assert runs() == 1
    assert (retry.status_code, retry.content) == (201, first.content)
    assert retry.headers["Location"] == "/there/"
    assert retry.headers["Content-Type"] == first.headers["Content-Type"] == "application/json"
    assert retry.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


@pytest.mark.django_db
def test_without_a_key_each_request_runs(user):
    view = counting()

    send(view, by=user, key=None)
    send(view, by=user, key=None)

    assert runs() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Refused(), 409),
        (exceptions.ValidationError({"name": "bad"}), 400),
        (exceptions.NotFound(), 404),
        (Http404(), 404),
        (ValidationError("bad"), 400),
        (RequestDataTooBig(), 413),
        (UnreadablePostError(), 400),
        (Response(status=204), 204),
    ],
)
def test_refusal_is_an_answer_too(user, outcome, status):
    view = counting(outcome)

    first, retry = send(view, by=user), send(view, by=user)

    assert runs() == 1
    assert (first.status_code, retry.status_code) == (status, status)
    assert first.content == retry.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (exceptions.NotAuthenticated(), 401),
        (exceptions.PermissionDenied(), 403),
        (PermissionDenied(), 403),
        (exceptions.Throttled(9), 429),
        (RuntimeError("a bug"), 500),
        (OperationalError("gone"), 503),
        (DependencyAway("smtp"), 503),
        (OSError(errno.ENOSPC, "full"), 507),
    ],
)
def test_what_may_change_is_computed_again(user, outcome, status):
    view = counting(outcome)

    first = send(view, by=user)
    retry = send(counting(), by=user)

    assert (first.status_code, retry.status_code) == (status, 201)


@pytest.mark.django_db
def test_effects_of_a_failed_request_are_taken_back(user):
    send(counting(RuntimeError("a bug")), by=user)

    assert runs() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"body": {"name": "b"}}, {"path": "/api/v1/others/"}])
def test_key_sent_with_another_request_is_refused(user, other):
    view = counting()
    send(view, {"name": "a"}, by=user)

    response = send(
        view, other.get("body", {"name": "a"}), by=user, path=other.get("path", "/api/v1/things/")
    )

    assert response.status_code == 409
    assert error_of(response)["code"] == "idempotency_key_reused"
    assert error_of(response)["attr"] == "Idempotency-Key"
    assert runs() == 1


@pytest.mark.django_db
def test_people_do_not_share_keys(user):
    view = counting()

    answers = [
        send(view, by=user),
        send(view, by=UserFactory()),
        send(view, address="192.0.2.1"),
        send(view, address="192.0.2.2"),
    ]

    assert len({answer.content for answer in answers}) == 4
    assert not IdempotentAnswer.objects.filter(owner__contains="192.0.2").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "chave-ç", "a\tb"])
def test_unreadable_key_is_refused_by_name(user, key):
    response = send(counting(), by=user, key=key)

    assert response.status_code == 400
    assert error_of(response)["attr"] == "Idempotency-Key"
    assert runs() == 0


@pytest.mark.django_db
def test_password_in_the_body_leaves_no_trace(user):
    send(counting(), {"password": "correct horse"}, by=user)

    assert "correct horse" not in str(IdempotentAnswer.objects.values())


@pytest.mark.django_db
def test_answer_is_sealed_where_it_is_kept(user):
    view = counting(Response({"email": "rosa@example.org"}))

    first = send(view, by=user)

    kept = IdempotentAnswer.objects.get().body
    assert kept
    assert "rosa" not in kept
    assert send(view, by=user).content == first.content == b'{"email":"rosa@example.org"}'


@pytest.mark.django_db
def test_answer_that_the_version_before_kept_in_clear_is_repeated(user):
    send(counting(), by=user)
    IdempotentAnswer.objects.update(body='{"id":7}')

    assert send(counting(), by=user).content == b'{"id":7}'


@pytest.mark.django_db
def test_class_based_create_takes_keys(user):
    class Things(CreateAPIView):
        permission_classes = [AllowAny]

        @idempotent
        def create(self, request):
            return Response({"id": CategoryFactory().pk}, 201)

    view = Things.as_view()

    assert send(view, by=user).content == send(view, by=user).content
    assert runs() == 1


@pytest.mark.django_db(transaction=True)
def test_retry_waits_while_the_first_is_being_answered():
    user, answers = UserFactory(), []

    @command(request=None, responses=None)
    def view(request):
        if not answers:
            run_together(lambda: answers.append(send(view, by=user)))
        return Response({})

    send(view, by=user)

    assert answers[0].status_code == 409
    assert error_of(answers[0])["code"] == "idempotency_in_progress"
    assert answers[0].headers["Retry-After"] == "1"


@pytest.mark.django_db
def test_key_of_a_killed_process_runs_again_at_once(user):
    send(counting(), by=user)
    EventCategory.objects.filter(name__startswith="Categoria").delete()
    IdempotentAnswer.objects.update(status=None, body="")

    assert send(counting(), by=user).status_code == 201
    assert runs() == 1


@pytest.mark.django_db(transaction=True)
def test_what_another_answered_meanwhile_stays_and_our_effects_are_taken_back():
    """They were done between our look at the row and our lock."""
    view = slow(lambda: IdempotentAnswer.objects.update(status=418))

    response = send(view, by=UserFactory())

    assert response.status_code == 409
    assert runs() == 0
    assert IdempotentAnswer.objects.get().status == 418


@pytest.mark.django_db(transaction=True)
def test_kept_answer_is_not_withdrawn_by_a_replica_of_the_version_before():
    """It holds no lock, and gives back the row that it remembers by the moment it was made."""
    user, before = UserFactory(), []

    @command(request=None, responses=None)
    def view(request):
        before.append(IdempotentAnswer.objects.get().created_at)
        return Response({})

    send(view, by=user)

    assert not IdempotentAnswer.objects.filter(created_at=before[0]).exists()


@pytest.mark.django_db(transaction=True)
def test_erasure_does_not_wait_for_who_holds_the_key():
    view = slow(lambda: IdempotentAnswer.objects.all().delete())

    response = send(view, by=UserFactory())

    assert response.status_code == 409
    assert runs() == 0


@pytest.mark.django_db(transaction=True)
def test_lost_database_is_answered_and_the_retry_runs():
    user = UserFactory()
    is_first = []

    @command(request=None, responses=None)
    def view(request):
        CategoryFactory()
        if not is_first:
            is_first.append(True)
            connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return Response({})

    statuses = [send(view, by=user).status_code]
    connection.close()
    statuses.append(send(view, by=user).status_code)

    assert statuses == [503, 200]
    assert runs() == 1


@pytest.mark.django_db(transaction=True)
def test_answer_whose_commit_went_unheard_is_repeated(monkeypatch):
    """The effects are there: withdrawn, the answer would be computed with all of them again."""
    user, is_first = UserFactory(), []

    @command(request=None, responses=None)
    def view(request):
        CategoryFactory()
        if not is_first:
            is_first.append(True)
            monkeypatch.setattr(connection, "_commit", commit_unheard)
        return Response({})

    def commit_unheard():
        monkeypatch.undo()
        connection._commit()
        raise OperationalError("server closed the connection unexpectedly")

    statuses = [send(view, by=user).status_code for _ in range(2)]

    assert statuses == [503, 200]
    assert runs() == 1


@pytest.mark.django_db(transaction=True)
def test_refusal_whose_message_could_not_be_sent_withdraws_no_other_answer():
    """It is not kept, so that a retry may run before the message is tried."""
    user = UserFactory()

    def publish():
        IdempotentAnswer.objects.update(status=201)  # by the retry
        raise BrokerError

    @command(request=None, responses=None)
    def view(request):
        transaction.on_commit(publish)
        raise exceptions.PermissionDenied

    assert send(view, by=user).status_code == 503
    assert IdempotentAnswer.objects.get().status == 201


@pytest.mark.django_db(transaction=True)
def test_answer_whose_message_could_not_be_sent_is_computed_again():
    user = UserFactory()
    broker = iter([BrokerError(), None])
    sent = []

    def publish():
        if error := next(broker):
            raise error
        sent.append(True)

    @command(request=None, responses=None)
    def view(request):
        transaction.on_commit(publish)
        return Response({}, 202)

    statuses = [send(view, by=user).status_code]
    withdrawn = IdempotentAnswer.objects.get()
    statuses += [send(view, by=user).status_code for _ in range(2)]

    assert (withdrawn.status, withdrawn.headers, withdrawn.body) == (None, {}, "")
    assert statuses == [503, 202, 202]
    assert sent == [True]


class Race:
    """Eight requests with one key; who is inside the handler waits until all others are settled."""

    def __init__(self, user):
        self.user = user
        self.entered = []
        self.settled = Semaphore(0)
        self.start = Barrier(8)

    def run(self):
        with ThreadPoolExecutor(8) as pool:
            return Counter(pool.map(self.send, range(8)))

    def send(self, _):
        self.start.wait()
        try:
            return send(self.view, by=self.user).status_code
        finally:
            connection.close()
            self.settled.release()

    @property
    def view(self):
        @command(request=None, responses=None)
        def view(request):
            CategoryFactory()
            self.entered.append(True)
            for _ in range(7):
                self.settled.acquire(timeout=2)
            return Response({}, 201)

        return view


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_with_one_key_run_once():
    race = Race(UserFactory())

    statuses = race.run()

    assert len(race.entered) == runs() == 1
    assert statuses == {201: 1, 409: 7}

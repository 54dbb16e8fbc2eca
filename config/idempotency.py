"""Idempotency-Key: a POST that is sent again gets the answer that was computed the first time."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from hashlib import sha256
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError as BrokerError
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from config import addresses
from config.encryption import Unreadable, seal, unseal
from config.errors import DomainError
from config.exception_handler import REFUSALS
from config.formats import OrjsonRenderer
from config.models import IdempotentAnswer

HEADER = "Idempotency-Key"
PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
# Advisory locks of Postgres: the first of their two numbers.
LOCKS = 0x1DE
# Refusals of who asks or how often, not of what: the same request may be answered later.
NEVER_KEPT = {
    status.HTTP_401_UNAUTHORIZED,
    status.HTTP_403_FORBIDDEN,
    status.HTTP_429_TOO_MANY_REQUESTS,
}
Handler = Callable[..., Any]


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    message = _("This key was sent before with another request.")

    def __init__(self) -> None:
        super().__init__(attr=HEADER)


class InProgress(DomainError):
    code = "idempotency_in_progress"
    message = _("The first request with this key is still being answered.")
    wait = 1


def idempotent(handler: Handler) -> Handler:
    """Answer a request that carries an Idempotency-Key once, and its retries with that answer.

    Stands on a function view (below `@api_view`), or on `post` or `create` of a class.
    """

    @wraps(handler)
    def once(*args: Any, **kwargs: Any) -> Any:
        request = next(argument for argument in args if isinstance(argument, Request))
        if HEADER not in request.headers:
            return handler(*args, **kwargs)
        answer = _claim(_owner(request), _key(request), _fingerprint(request))
        if answer.status is not None:
            return _replay(answer)
        return _compute(answer, request, lambda: handler(*args, **kwargs))

    once.is_idempotent = True  # type: ignore[attr-defined]  # read by config.schema
    return once


def _owner(request: Request) -> str:
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{_digest(addresses.of(request))}"


def _key(request: Request) -> str:
    key = request.headers[HEADER]
    if not PRINTABLE.fullmatch(key):
        detail = exceptions.ErrorDetail(
            str(_("Give 1 to 255 printable ASCII characters.")), code="invalid"
        )
        raise exceptions.ValidationError({HEADER: [detail]})
    return key


def _fingerprint(request: Request) -> str:
    return _digest(
        f"{request.method} {request.get_full_path()}".encode() + b"\n" + _content(request)
    )


def _content(request: Request) -> bytes:
    """What is sent. Of a form its fields: it is too long for memory, and has new boundaries."""
    if not (request.content_type or "").startswith("multipart/"):
        return request.body
    content, form = sha256(), cast(QueryDict, request.data)
    for name, values in sorted(form.lists()):
        for value in values:
            content.update(f"\0{name}\0".encode())
            for piece in _pieces(value):
                content.update(piece)
    return content.digest()


def _pieces(value: Any) -> Iterable[bytes]:
    return value.chunks() if isinstance(value, UploadedFile) else [str(value).encode()]


def _digest(value: str | bytes) -> str:
    # Keyed, because a body may hold a password, and there are few addresses.
    return salted_hmac("config.idempotency", value, algorithm="sha256").hexdigest()


def _claim(owner: str, key: str, fingerprint: str) -> IdempotentAnswer:
    """Make the row of this key or find it, committed before the handler runs."""
    answer, _ = IdempotentAnswer.objects.get_or_create(
        owner=owner, key=key, defaults={"fingerprint": fingerprint}
    )
    if answer.fingerprint != fingerprint:
        raise KeyReused
    return answer


def _compute(answer: IdempotentAnswer, request: Request, handle: Callable[[], Any]) -> Any:
    """Run the handler and keep its answer in the same transaction.

    Killed at any line, either both are there or neither, and Postgres lets go of the lock, so
    that a retry runs at once. A message that cannot be sent after the commit fails the request,
    so the answer is withdrawn; after any other failure it stays, if the commit was done.
    """
    view = request.parser_context["view"]
    # By this moment an answer is known as ours: no other withdraws it, and we withdraw no other.
    answer.created_at = timezone.now()
    try:
        with transaction.atomic():
            _hold(answer)
            try:
                response = handle()
            except REFUSALS as error:  # what the view would do, but inside the transaction
                response = view.handle_exception(error)
            if _is_final(response):
                _keep(answer, response)
            elif response.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
                transaction.set_rollback(True)
    except BrokerError:
        _withdraw(answer)
        raise
    return response


def _hold(answer: IdempotentAnswer) -> None:
    """Be the only one who computes it, until the transaction ends.

    The row itself stays free: whoever deletes it must not wait for us, who may wait for them.
    """
    with connection.cursor() as cursor:
        numbers = [LOCKS, answer.pk % 2**31]
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", numbers)
        if cursor.fetchone() != (True,):
            raise InProgress


def _is_final(response: Any) -> bool:
    return (
        isinstance(response, Response)
        and response.status_code < status.HTTP_500_INTERNAL_SERVER_ERROR
        and response.status_code not in NEVER_KEPT
    )


def _keep(answer: IdempotentAnswer, response: Response) -> None:
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    body = OrjsonRenderer().render(response.data).decode()
    kept = IdempotentAnswer.objects.filter(pk=answer.pk, status=None).update(
        status=response.status_code,
        headers=headers,
        body=seal(body) if body else "",
        created_at=answer.created_at,
    )
    # Answered by another, after we had looked and before we held it, or erased.
    if not kept:
        raise InProgress


def _withdraw(answer: IdempotentAnswer) -> None:
    """Let the next retry run, if we kept an answer; the database away by now, it gets that."""
    mine = IdempotentAnswer.objects.filter(pk=answer.pk, created_at=answer.created_at)
    with suppress(DatabaseError):
        mine.update(status=None, headers={}, body="")


def _replay(answer: IdempotentAnswer) -> HttpResponse:
    content_type = "application/json" if answer.body else None
    response = HttpResponse(_said(answer), content_type, answer.status, headers=answer.headers)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _said(answer: IdempotentAnswer) -> str:
    try:
        return unseal(answer.body) if answer.body else ""
    except Unreadable:  # kept in clear, by the version before
        return answer.body

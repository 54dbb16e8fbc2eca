"""The one road from an exception to an answer of the API."""

import errno

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    ValidationError,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.handler import ExceptionHandler as StandardExceptionHandler
from kombu.exceptions import OperationalError as BrokerError
from rest_framework import exceptions, serializers, status

from config.errors import DependencyAway, DomainError

# What says no to a request. Whatever else is raised is a bug, or something that is away.
REFUSALS = (
    exceptions.APIException,
    DomainError,
    Http404,
    PermissionDenied,
    RequestDataTooBig,
    UnreadablePostError,
    ValidationError,
)


class Conflict(exceptions.APIException):
    """How a DomainError looks over HTTP: 409 with its code, and its field if it has one."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, error: DomainError) -> None:
        detail = exceptions.ErrorDetail(str(error), error.code)
        self.detail = {error.attr: [detail]} if error.attr else detail
        self.wait = error.wait


class Unavailable(exceptions.APIException):
    """Something that the answer needs is away; trying again helps."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = _("This is not available right now. Please try again.")

    def __init__(self, wait: int = 5) -> None:
        super().__init__()
        self.wait = wait


class TooLarge(exceptions.APIException):
    """More was sent than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The request is too large.")


class Full(exceptions.APIException):
    """No room is left for what was sent; reading goes on."""

    status_code = status.HTTP_507_INSUFFICIENT_STORAGE
    default_code = "full"
    default_detail = _("There is no room left for this. Please try again later.")


class ExceptionHandler(StandardExceptionHandler):
    """Answer a broken rule with 409, a dead server with 503, and what Django refuses with 4xx."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DomainError):
            # One that is gone is said to be so on purpose; any other DoesNotExist is a bug.
            return exceptions.NotFound() if isinstance(exc, ObjectDoesNotExist) else Conflict(exc)
        if isinstance(exc, DependencyAway):
            return Unavailable(exc.wait)
        if isinstance(exc, OperationalError | InterfaceError | BrokerError):
            return Unavailable()
        if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return Full()
        if isinstance(exc, RequestDataTooBig):
            return TooLarge()
        if isinstance(exc, UnreadablePostError):
            return exceptions.ParseError()
        if isinstance(exc, ValidationError):
            return exceptions.ValidationError(serializers.as_serializer_error(exc))
        return super().convert_known_exceptions(exc)

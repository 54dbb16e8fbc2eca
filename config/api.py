"""The glue between Django REST framework and the rules of this API."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, ClassVar

from django.conf import settings
from django.core.paginator import Paginator
from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, pagination, serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request

from config.idempotency import idempotent

__all__ = ["command", "idempotent"]

# Control characters, and those that turn or hide text; NUL stays, to be refused by its validator.
# Joiners stay too: emoji and some scripts need them.
INVISIBLE = re.compile(r"[\x01-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def command(
    *,
    authentication_classes: Sequence[Any] | None = None,
    permission_classes: Sequence[Any] | None = None,
    throttle_classes: Sequence[Any] | None = None,
    **description: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """Make a function the view of a POST that honours Idempotency-Key; the rest describes it."""

    def decorate(view: Callable[..., Any]) -> Any:
        handler: Any = idempotent(view)
        if authentication_classes is not None:
            handler.authentication_classes = authentication_classes
        if permission_classes is not None:
            handler.permission_classes = permission_classes
        if throttle_classes is not None:
            handler.throttle_classes = throttle_classes
        made: Any = api_view(["POST"])(handler)
        made.cls.post.is_idempotent = True
        return extend_schema(**description)(made)

    return decorate


class MicroCached:
    """A view whose answers to people without a token nginx may keep for API_MICROCACHE.

    nginx gives them to nobody who shows a token or a cookie, so here it is said to nobody either.
    """

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        is_anonymous = "Authorization" not in request.headers and not request.COOKIES
        is_read = request.method in ("GET", "HEAD") and answer.status_code == 200
        if settings.API_MICROCACHE and is_anonymous and is_read:
            answer.headers["X-Accel-Expires"] = str(settings.API_MICROCACHE)
        return answer


class PageNumberPagination(pagination.PageNumberPagination):
    """20 to a page, at most 100 by `page_size`; what is no page is refused by name."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_page_size(self, request: Request) -> int | None:
        given = _positive(request, self.page_size_query_param, self.page_size)
        return min(given, self.max_page_size)

    def get_page_number(self, request: Request, paginator: Paginator) -> int:
        number = _positive(request, self.page_query_param, 1)
        if number > paginator.num_pages:
            detail = exceptions.ErrorDetail(str(self.invalid_page_message), "not_found")
            raise exceptions.NotFound({self.page_query_param: [detail]})
        return number

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"]["minimum"] = 1
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = super().get_paginated_response_schema(schema)
        for link, number in (("next", 3), ("previous", 1)):
            example = f"https://mutirao.example/api/v1/events/?{self.page_query_param}={number}"
            page["properties"][link]["example"] = example
        return page


def _positive(request: Request, parameter: str, default: int) -> int:
    given = request.query_params.get(parameter, "")
    if not given:
        return default
    if not re.fullmatch("[0-9]{1,18}", given) or int(given) < 1:
        detail = exceptions.ErrorDetail(str(_("Give a whole number from 1 on.")), "invalid")
        raise exceptions.ValidationError({parameter: [detail]})
    return int(given)


class UtcDateTimeField(serializers.DateTimeField):
    """A moment: leaves in UTC with a Z, comes in with an offset, between 2000 and 2100."""

    default_error_messages = {
        "offset_required": _("Give the time with its offset from UTC, like 2027-05-03T09:00:00Z."),
        "overflow": _("The year must be between 2000 and 2100."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("offset_required")
        return super().enforce_timezone(value)

    def to_internal_value(self, value: Any) -> datetime:
        moment = super().to_internal_value(value)
        if not 2000 <= moment.year <= 2100:
            self.fail("overflow")
        return moment


class FiniteFloatField(serializers.FloatField):
    """A number; neither "NaN", "Infinity" nor true, which float() would take."""

    def to_internal_value(self, value: Any) -> float:
        number = super().to_internal_value(value)
        if isinstance(value, bool) or not isfinite(number):
            self.fail("invalid")
        return number


class TextField(serializers.CharField):
    """Plain text in lines, without control characters."""

    def to_internal_value(self, value: Any) -> str:
        text = self.clean(super().to_internal_value(value)).strip()
        if not text and not self.allow_blank:
            self.fail("blank")
        return text

    def clean(self, text: str) -> str:
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        return INVISIBLE.sub(lambda found: found[0] if found[0] in "\n\t" else "", lines)


class LineField(TextField):
    """Plain text in a single line, without control characters."""

    def clean(self, text: str) -> str:
        return INVISIBLE.sub("", re.sub(r"[\r\n\t\u2028\u2029]+", " ", text))


class ModelSerializer(serializers.ModelSerializer[Any]):
    """Makes fields from a model that take moments, numbers and text as this API does."""

    serializer_field_mapping: ClassVar[dict[type[models.Field], type[serializers.Field]]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: LineField,
        models.TextField: TextField,
        models.FloatField: FiniteFloatField,
        models.DateTimeField: UtcDateTimeField,
    }

"""How the API describes itself."""

from typing import Any, Final

from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter
from drf_standardized_errors.openapi import AutoSchema as StandardAutoSchema
from rest_framework import serializers

from config import idempotency

ERROR_TYPES = ["validation_error", "client_error", "server_error"]
HEADER: Final = "header"
IDEMPOTENCY_KEY = OpenApiParameter(
    idempotency.HEADER,
    str,
    HEADER,
    pattern=f"^{idempotency.PRINTABLE.pattern}$",
    description="Makes the request safe to send again: the same key gets the same answer.",
)
ANSWER_HEADERS = [
    OpenApiParameter(
        "Retry-After", int, HEADER, description="Seconds to wait.", response=[409, 429, 503]
    ),
]


class ErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="For programs; it never changes.")
    detail = serializers.CharField(help_text="For people, in their language.")
    attr = serializers.CharField(allow_null=True, help_text="The field it is about, if any.")


class ErrorsSerializer(serializers.Serializer[Any]):
    """What every refusal looks like."""

    type = serializers.ChoiceField(ERROR_TYPES)
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # which the base uses inside


def _refusal(status: int, kind: str, **error: Any) -> OpenApiExample:
    return OpenApiExample(
        error["code"],
        {"type": kind, "errors": [error]},
        response_only=True,
        status_codes=[str(status)],
    )


REFUSALS = [
    _refusal(400, "validation_error", code="required", detail="This field is required.", attr="…"),
    _refusal(401, "client_error", code="not_authenticated", detail="…", attr=None),
    _refusal(403, "client_error", code="permission_denied", detail="…", attr=None),
    _refusal(404, "client_error", code="not_found", detail="…", attr=None),
    _refusal(406, "client_error", code="not_acceptable", detail="…", attr=None),
    _refusal(409, "client_error", code="conflict", detail="Says which rule refuses.", attr=None),
    _refusal(413, "client_error", code="too_large", detail="…", attr=None),
    _refusal(415, "client_error", code="unsupported_media_type", detail="…", attr=None),
    _refusal(429, "client_error", code="throttled", detail="…", attr=None),
    _refusal(503, "server_error", code="unavailable", detail="…", attr=None),
]


def with_body(handler: Any) -> Any:
    """Mark the `delete` of a view that takes a body."""
    handler.takes_body = True
    return handler


class AutoSchema(StandardAutoSchema):
    """The description of an operation, with the refusals that follow from what it is.

    Each may be refused by who asks too often or while the database is away, one that
    takes something by what it was given, one that changes something by a rule, one on an
    object by whose it is. A view with `refusals` says them by itself.
    """

    def get_override_parameters(self) -> list[Any]:
        return [*ANSWER_HEADERS, IDEMPOTENCY_KEY] if self._is_idempotent() else ANSWER_HEADERS

    def get_operation_id(self) -> str:
        return super().get_operation_id().replace(".", "_")

    def get_summary(self) -> str:
        return self.get_description().partition("\n")[0]

    def _is_idempotent(self) -> bool:
        # A class may carry the mark on `create`, which its `post` calls.
        handlers = (getattr(self.view, name, None) for name in ("post", "create"))
        return self.method == "POST" and any(
            getattr(handler, "is_idempotent", False) for handler in handlers
        )

    def _get_request_body(self, direction: Direction = "request") -> Any:
        """Describe the body of a DELETE too, if its view takes one; the base knows of none."""
        if self.method != "DELETE" or not self._has_body():
            return super()._get_request_body(direction)
        self.method = "POST"
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        return dict(sorted(super()._get_response_bodies(direction).items()))

    def _should_add_error_response(self, responses: dict[str, Any], status_code: str) -> bool:
        known = getattr(self.view, "refusals", None)
        may = self._may_answer(status_code) if known is None else status_code in known
        return status_code not in responses and may

    def _may_answer(self, status_code: str) -> bool:
        match status_code:
            case "400":
                return self._has_body() or self._takes("query") or self._takes("header")
            case "401":
                return bool(self.view.get_authenticators())
            case "403":
                is_of_some = self._takes("path") or getattr(self.view, "is_for_staff", False)
                return {} not in self.get_auth() and is_of_some
            case "404":
                is_looked_up = self._takes("path") or self._takes("query", "page")
                return is_looked_up or getattr(self.view, "may_be_missing", False)
            case "406":
                return self._should_add_http406_error_response()
            case "409":
                return self.method != "GET" or getattr(self.view, "may_conflict", False)
            case "413" | "415":
                return self._has_body()
        return True

    def _has_body(self) -> bool:
        handler = getattr(self.view, self.method.lower(), None)
        may = self.method in ("POST", "PUT", "PATCH") or getattr(handler, "takes_body", False)
        return may and bool(self.get_request_serializer())

    def _takes(self, place: str, name: str | None = None) -> bool:
        return any(
            parameter["in"] == place and name in (None, parameter["name"])
            for parameter in self._get_parameters()
        )

    def _get_error_response_examples(self) -> list[OpenApiExample]:
        return REFUSALS


def only_canonical_paths(endpoints: list[tuple[str, str, str, Any]]) -> list[Any]:
    """Describe each route once, under its canonical prefix."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]

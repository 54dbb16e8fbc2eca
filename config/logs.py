"""JSON lines to standard output, with secrets and people's data taken out."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, Processor

from config.redaction import Redactor
from config.request_log import Line, add_user


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Spares the lines of requests, of which there are most, the steps that others need."""

    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record.msg, Line):
            return super().format(record)
        event: Any = record.msg
        for redact_or_write in self.processors[-2:]:
            event = redact_or_write(None, record.levelname, event)
        return str(event)


def configure(environment: Mapping[str, str], level: str, *, on_console: bool) -> dict[str, Any]:
    """Set structlog up and return the LOGGING setting; both end in the same formatter."""
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_user,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # A line that cannot be formatted would be printed as it is, unredacted.
    logging.raiseExceptions = on_console
    last: Processor = structlog.processors.JSONRenderer(serializer=_json)
    if on_console:
        last = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    formatter = {
        "()": Formatter,
        "foreign_pre_chain": common,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            Redactor(environment),
            last,
        ],
    }
    return _logging(formatter, level)


def _logging(formatter: dict[str, Any], level: str) -> dict[str, Any]:
    passed_on = {"handlers": [], "propagate": True, "level": "NOTSET"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"redacted": formatter},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "redacted",
            },
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": passed_on,
            # Each request has a line of its own: these would say it again.
            "django.server": {**passed_on, "level": "WARNING"},
            "django.request": {**passed_on, "level": "ERROR"},
            # Each PDF would have a dozen lines about its fonts.
            "fontTools": {**passed_on, "level": "WARNING"},
            "gunicorn.error": passed_on,
            "celery": passed_on,
            # Each task has its lines by django-structlog.
            "celery.app.trace": {**passed_on, "level": "WARNING"},
            "celery.worker.strategy": {**passed_on, "level": "WARNING"},
        },
    }


def _json(event: EventDict, default: Any = None, **options: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # lone surrogates, numbers past 64 bits
        return json.dumps(event, default=str)

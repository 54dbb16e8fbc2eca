"""All settings, from the environment. Names and purposes: docs/setup.md and .env.example."""

import logging
import tomllib
from collections.abc import Iterable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import logs
from config.environment import faults, items

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# An empty variable is none: compose files pass on whatever is not set as an empty text.
env.ENVIRON = {name: value for name, value in env.ENVIRON.items() if value}


def _list(name: str, *, default: Iterable[str] = ()) -> list[str]:
    """What a variable lists; the only way to read one that holds commas."""
    return items(env(name, default="")) or [*default]


# --- Where we run -------------------------------------------------------------------------
ENVIRONMENT = env("ENVIRONMENT", default="production")
DEBUG = env.bool("DEBUG", default=False)
if found := faults(env.ENVIRON):
    raise ImproperlyConfigured("Refusing to start:\n- " + "\n- ".join(found))

VERSION = (
    env("APP_VERSION", default=None)
    or tomllib.loads((BASE_DIR / "pyproject.toml").read_text("utf-8"))["project"]["version"]
)
SECRET_KEY = env("SECRET_KEY")
DATA_ENCRYPTION_KEY = env("DATA_ENCRYPTION_KEY")
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
DOMAIN = env("DOMAIN", default="localhost:8000")
# Behind TLS everywhere but on a developer's own machine.
SCHEME = "http" if ENVIRONMENT == "development" else "https"
SITE_URL = f"{SCHEME}://{DOMAIN}"
# Links in mails lead to the front end; without one, to the small pages of users/pages.py.
FRONTEND_URL = env("FRONTEND_URL", default=f"{SITE_URL}/account")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "config.error_pages.permission_denied"
# Networks of our own proxies: only they are believed who the client is.
TRUSTED_PROXIES = _list("TRUSTED_PROXIES")
# Private networks that outgoing calls may reach; all others but public ones are refused.
OUTGOING_NETWORKS = _list("OUTGOING_NETWORKS")

# --- Applications -------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_celery_beat",
    "django_filters",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "config",
    "users",
    "events",
    "leads",
]
MIDDLEWARE = [
    "config.request_log.request_line",
    "config.metrics.page.page",
    "config.metrics.requests.counted",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.answer_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.middleware.optional_slash",
    "config.middleware.away_is_503",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "pghistory.middleware.HistoryMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# What the stream service loads before it is ready: it answers by itself.
STREAMS_NEED = ["leads.knowledge.embedding.load"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Data ---------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"].update(
    ENGINE="config.postgres",
    ATOMIC_REQUESTS=False,  # a transaction is visible where it matters
    CONN_HEALTH_CHECKS=True,
    OPTIONS={
        **DATABASES["default"].get("OPTIONS", {}),  # like ?sslmode=verify-full
        "connect_timeout": 2,
        # 100 connections are shared by all processes: at most two for each.
        # The time-out is how often who waits looks whether the server is away (config.postgres),
        # and a connection that fails is tried again when one is asked for.
        "pool": {
            "min_size": 0,
            "max_size": env.int("DATABASE_POOL_SIZE", default=2),
            "timeout": 0.25,
            "reconnect_timeout": 0,
        },
    },
)
REDIS_TIMEOUTS = {"socket_connect_timeout": 1, "socket_timeout": 1}
# The cache is to save time: who waits longer is faster without it.
CACHE_TIMEOUTS = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "mutirao",
        "OPTIONS": {
            # A cache that is away costs time, never an answer.
            "IGNORE_EXCEPTIONS": True,
            "LOG_IGNORED_EXCEPTIONS": True,
            "CONNECTION_POOL_CLASS": "config.cache.Pool",
            "CONNECTION_POOL_KWARGS": CACHE_TIMEOUTS,
        },
    },
}
# Lifetimes of cached answers in seconds, by endpoint; each is emptied by the writes that change it.
CACHE_LIFETIMES = {"events": 60, "impact": 300, "revocations": 300}
LOGIN_REDIRECT_URL = "admin:index"  # who opens the page of the sign-in itself
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = int(timedelta(weeks=2).total_seconds())
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "config.storage.LocalStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = env("MEDIA_ROOT", default=str(BASE_DIR / ".run" / "media"))
MEDIA_URL = "/media/"
# Where nginx serves MEDIA_ROOT, for our redirects only.
MEDIA_ACCEL_PREFIX = env("MEDIA_ACCEL_PREFIX", default="")
# So long the address of a file opens it.
FILE_URL_LIFETIME = timedelta(hours=1)
S3_ENDPOINT_URL = env("S3_ENDPOINT_URL", default="")
S3 = {
    "endpoint_url": S3_ENDPOINT_URL,
    "public_url": env("S3_PUBLIC_URL", default="") or S3_ENDPOINT_URL,
    "access_key": env("S3_ACCESS_KEY", default=""),
    "secret_key": env("S3_SECRET_KEY", default=""),
    "bucket_name": env("S3_BUCKET", default=""),
    "region_name": env("S3_REGION", default="") or "us-east-1",
    "querystring_expire": int(FILE_URL_LIFETIME.total_seconds()),
}
if S3_ENDPOINT_URL:
    STORAGES["default"] = {"BACKEND": "config.s3.MediaStorage", "OPTIONS": S3}
BACKUP_DIR = env("BACKUP_DIR", default=str(BASE_DIR / ".run" / "backups"))
# Where pg_dump and pg_restore are, of the server's major version; empty: on PATH.
POSTGRES_PROGRAMS = env("POSTGRES_PROGRAMS", default="")
if bucket := env("BACKUP_S3_BUCKET", default=""):
    # A server of its own: a disk that dies must not take both copies.
    elsewhere = {
        "endpoint_url": env("BACKUP_S3_ENDPOINT_URL", default=""),
        "public_url": env("BACKUP_S3_ENDPOINT_URL", default=""),
        "access_key": env("BACKUP_S3_ACCESS_KEY", default=""),
        "secret_key": env("BACKUP_S3_SECRET_KEY", default=""),
        "bucket_name": bucket,
        "region_name": env("BACKUP_S3_REGION", default="") or "us-east-1",
    }
    STORAGES["backups"] = {"BACKEND": "config.s3.S3Storage", "OPTIONS": elsewhere}
# What a restored database is compared by, beside its rows; and the table whose rows are people's.
BACKUP_SUMS = [("users_contribution", "amount")]
BACKUP_GUARD = "users_user"
STATIC_URL = "/static/"
STATIC_ROOT = env("STATIC_ROOT", default=None)
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
# Without a folder filled by collectstatic, files are served from where the packages keep them.
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_ROOT = BASE_DIR / "config" / "static_root"  # what browsers ask for at the root

# --- Celery -------------------------------------------------------------------------------
CELERY_BROKER_URL = env("BROKER_URL")
CELERY_RESULT_BACKEND = CELERY_BROKER_URL
CELERY_RESULT_EXPIRES = timedelta(hours=1)
# The row is the proof, not the result: a task that is asked for one says `ignore_result=False`.
# Waiting for results would also tie each publishing request to the result server.
CELERY_TASK_IGNORE_RESULT = True
CELERY_REDIS_SOCKET_TIMEOUT = CELERY_REDIS_SOCKET_CONNECT_TIMEOUT = 1
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 40
CELERY_TASK_TIME_LIMIT = 50
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 100
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Publishing never retries inside a request: the row waits, a beat task finds it.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **REDIS_TIMEOUTS,
    "max_retries": 0,  # of connecting to publish; a worker's own connection comes back for ever
    "visibility_timeout": 60,  # longer than the longest time limit, or a task would run twice
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": 60}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "videos.tasks.*": {"queue": "video"},
    "*.send_*": {"queue": "mail"},
    # What people write is stored and shown before any answer is thought of.
    "leads.tasks.agent.answer_conversation": {"priority": 6},
    "leads.tasks.agent.summarize_conversation": {"priority": 6},
}
# Named here, so that a worker that is not told its queues serves them all.
CELERY_TASK_QUEUES = [Queue("default"), Queue("mail"), Queue("video")]
CELERY_TIMEZONE = "America/Sao_Paulo"
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
# Starters: `manage.py seed_schedules` makes rows of the missing ones, which staff may then change.
SCHEDULES = {
    "cleanup-expired-events": ("events.tasks.cleanup_expired_events", crontab(hour=2, minute=0)),
    "event-reminders": ("events.tasks.send_bulk_event_reminders", crontab(minute="*/5")),
    "resource-shortfalls": ("events.tasks.send_shortfall_warnings", crontab(minute="*/15")),
    "waiting-event-mails": ("events.tasks.retry_waiting_notifications", crontab(minute="*/2")),
    "waiting-reports": ("events.tasks.process_waiting_reports", crontab(minute="*/5")),
    # On the 1st at half past three; each later run finds it there.
    "monthly-impact-report": (
        "events.tasks.generate_monthly_impact_report",
        crontab(hour="3-8", minute=30),
    ),
    "waiting-monthly-files": ("events.tasks.draw_waiting_months", crontab(minute="*/10")),
    "event-digests": ("events.tasks.begin_event_digests", crontab(day_of_week=4, hour=9, minute=0)),
    "waiting-digests": ("events.tasks.retry_waiting_digests", crontab(minute="*/10")),
    "event-series": ("events.tasks.extend_event_series", crontab(hour=1, minute=30)),
    "waiting-welcome-mails": ("users.tasks.retry_waiting_welcomes", crontab(minute="*/5")),
    "waiting-password-mails": (
        "users.tasks.retry_waiting_password_mails",
        crontab(minute="*/5"),
    ),
    "waiting-privacy": ("users.tasks.retry_waiting_privacy", crontab(minute="*/5")),
    "old-exports": ("users.tasks.delete_old_exports", crontab(hour=4, minute=15)),
    "waiting-imports": ("users.tasks.retry_waiting_imports", crontab(minute="*/2")),
    # What the ledger derives, should a message have been lost.
    "user-statistics": ("users.tasks.update_user_statistics", crontab(hour=2, minute=20)),
    "badges": ("users.tasks.check_and_award_badges", crontab(hour=2, minute=30)),
    "waiting-badge-mails": ("users.tasks.retry_waiting_badge_mails", crontab(minute="*/2")),
    "expired-tokens": ("users.tasks.delete_expired_tokens", crontab(hour=4, minute=0)),
    # At three, and until eight each hour again, if that failed.
    "backup": ("config.tasks.back_up", crontab(hour="3-8", minute=0)),
    "totals": ("config.tasks.count_totals", crontab(minute=0)),
    "clean-cache": ("config.tasks.clean_cache", crontab(hour=4, minute=30)),
    "clean-data": ("config.tasks.clean_data", crontab(hour=5, minute=0)),
    "clean-files": ("config.tasks.clean_files", crontab(hour=5, minute=30)),
    "waiting-lead-imports": (
        "leads.tasks.people.retry_waiting_lead_imports",
        crontab(minute="*/2"),
    ),
    "waiting-lead-mails": ("leads.tasks.people.retry_waiting_confirmations", crontab(minute="*/5")),
    "follow-ups": ("leads.tasks.follow_ups.begin_follow_ups", crontab()),
    "waiting-answers": ("leads.tasks.agent.answer_waiting_conversations", crontab()),
    "waiting-handoffs": ("leads.tasks.agent.escalate_handoffs", crontab()),
    "waiting-photo-mails": ("events.tasks.retry_waiting_photo_mails", crontab(minute="*/5")),
    "waiting-webhooks": ("leads.tasks.whatsapp.retry_waiting_webhooks", crontab()),
    "waiting-whatsapp-messages": ("leads.tasks.whatsapp.retry_waiting_messages", crontab()),
    "waiting-voice-notes": ("leads.tasks.whatsapp.retry_waiting_transcriptions", crontab()),
    "whatsapp-health": ("leads.tasks.whatsapp.check_whatsapp", crontab()),
    "whatsapp-comparison": ("leads.tasks.whatsapp.reconcile_whatsapp", crontab(minute="*/5")),
    "waiting-knowledge": (
        "leads.tasks.knowledge.retry_waiting_knowledge",
        crontab(minute="*/5"),
    ),
    "knowledge-events": ("leads.tasks.knowledge.refresh_events", crontab(minute="*/15")),
    "knowledge-pages": ("leads.tasks.knowledge.refresh_pages", crontab(hour=3, minute=45)),
    "waiting-chat-messages": ("leads.tasks.chat.publish_waiting_messages", crontab()),
}
# So long after its end a finished event moves to the archive.
EVENT_ARCHIVE_AFTER = timedelta(days=30)
# The events of a series exist so far ahead, and no more of them than this are to come.
EVENT_SERIES_HORIZON = timedelta(days=180)
EVENT_SERIES_SIZE = 60
# So many people who flag a comment hide it, until staff decides.
COMMENT_FLAGS_TO_HIDE = 3
# Whether photos of new events are private until staff approve them; staff may say so for each.
EVENT_PHOTOS_NEED_APPROVAL = env.bool("EVENT_PHOTOS_NEED_APPROVAL", default=False)
# Photos of one event: of one person, and of all together.
EVENT_PHOTOS_OF_PERSON = 30
EVENT_PHOTOS_OF_ALL = 500
# The folders of stored files and the fields that name them: what none names any more is deleted.
STORED_FILES = {
    "avatars": ["users.User.avatar"],
    "photos": ["events.EventPhoto.image", "events.EventPhoto.thumbnail"],
    "exports": ["users.DataExport.file"],
    "reports": ["events.ImpactReport.pdf"],
    "knowledge": ["leads.Document.file"],
}
# Rows of these models are deleted so long after the moment in the named field.
RETENTION = {
    "config.IdempotentAnswer": ("created_at", timedelta(days=1)),
    "config.PeriodicRun": ("sent_at", timedelta(days=35)),
    "config.Redelivery": ("delivered_at", timedelta(days=7)),
    # Those that nobody handled stay.
    "config.DeadLetter": ("handled_at", timedelta(days=90)),
    "users.LoginAttempt": ("attempted_at", timedelta(days=90)),
    # With what is left of tables that nobody decided about.
    "users.UserImport": ("created_at", timedelta(days=30)),
    "leads.LeadImport": ("created_at", timedelta(days=30)),
    "users.Export": ("exported_at", timedelta(days=365)),
    "events.EventNotification": ("created_at", timedelta(days=365)),
    "events.Digest": ("created_at", timedelta(days=365)),
    # Longer than a gateway repeats itself; those that were given up stay.
    "leads.WebhookEvent": ("processed_at", timedelta(days=35)),
    # With their follow-ups.
    "leads.Enrolment": ("stopped_at", timedelta(days=365)),
    "leads.BulkMessage": ("created_at", timedelta(days=365)),
}

# --- Accounts and limits ------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # Accepted from imported accounts, and upgraded at the next login.
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.BCryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=60),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "SIGNING_KEY": env("JWT_SIGNING_KEY"),
    "ALGORITHM": "HS256",
    "ISSUER": "mutirao",
    "LEEWAY": 30,  # seconds by which the clocks of two replicas may differ
}
# So many seconds nginx may give anonymous readers an answer that it has; 0: it always asks us.
API_MICROCACHE = int(env("API_MICROCACHE", default="0s").removesuffix("s"))
# Off only where a test knocks on every door.
RATE_LIMITS_ENABLED = env.bool("RATE_LIMITS_ENABLED", default=True)
# How often within how long, as the limits library writes it; one count for all replicas.
RATE_LIMITS = {
    "login": "5/15minutes",  # failures per account and address, then locked
    "register": "20/hour",  # per address
    "mail": "5/hour",  # mails that anyone can ask us to send, per mailbox
    "mail_address": "20/hour",  # such requests, per address
    "export": "5/day",  # copies of one's own data, per person
    "impact": "120/minute",  # sums over what was done, per address
    "walk_up": "100/hour",  # e-mail addresses that an organizer checks in, per organizer
    "comment": "10/10minutes",  # comments and replies, per person
    "comment_flag": "30/hour",  # per person
    "pictures": "60/hour",  # that are decoded, per person
    "photo_flags": "30/hour",  # per person
    "lead": "20/hour",  # forms, per address
    "chat_message": "20/minute",  # that a visitor of the web chat writes
    "chat_address": "120/minute",  # the same of all visitors, per address
    "chat_start": "60/hour",  # chats begun, per address
}

# --- Leads --------------------------------------------------------------------------------
# Without it the gateway's calls are not believed; two, while one takes the other's place.
WEBHOOK_SECRETS = _list("WEBHOOK_SECRET")
WEBHOOK_NETWORKS = _list("WEBHOOK_NETWORKS")
# So far the clock of a signed call may be from ours.
WEBHOOK_WINDOW = timedelta(minutes=5)
WEBHOOK_MAX_BYTES = 1024 * 1024
EVOLUTION_URL = env("EVOLUTION_URL", default="")
EVOLUTION_API_KEY = env("EVOLUTION_API_KEY", default="")
EVOLUTION_INSTANCE = env("EVOLUTION_INSTANCE", default="mutirao")
# Between two messages that one number sends.
WHATSAPP_PACE = timedelta(seconds=1)
# A burst is over after so much silence, and in any case after so long.
BURST_SILENCE = timedelta(seconds=4)
BURST_LONGEST = timedelta(seconds=15)
# The first that has a key answers; without any, the one that is built in and only quotes.
CLAUDE_API_KEY = env("CLAUDE_API_KEY", default="")
CLAUDE_URL = "https://api.anthropic.com"
CLAUDE_MODEL = env("CLAUDE_MODEL", default="claude-sonnet-5")
OPENAI_API_KEY = env("OPENAI_API_KEY", default="")
OPENAI_URL = env("OPENAI_URL", default="https://api.openai.com/v1")
OPENAI_MODEL = env("OPENAI_MODEL", default="gpt-5-mini")
DEEPGRAM_API_KEY = env("DEEPGRAM_API_KEY", default="")
DEEPGRAM_URL = "https://api.deepgram.com/v1/listen"
TAVILY_API_KEY = env("TAVILY_API_KEY", default="")
TAVILY_URL = "https://api.tavily.com/search"
# What an empty message is answered.
CHAT_GREETING = env("CHAT_GREETING", default="")
PRIVACY_URL = env("PRIVACY_URL", default=f"{SITE_URL}/account/privacy/")
# Dollars for a million tokens, read and written; what is not named costs as much as the dearest.
AGENT_PRICES = {
    "claude-opus-5": (5.0, 25.0),
    "claude-sonnet-5": (3.0, 15.0),
    "claude-haiku-5": (1.0, 5.0),
    "gpt-5": (1.25, 10.0),
    "gpt-5-mini": (0.25, 2.0),
}
# An answer in the web chat that nobody reads for so long is ended; and who has not taken what was
# sent for so long is let go.
CHAT_PRESENCE = 15
CHAT_STUCK = 30
# So much one conversation, and all of one day together, may cost.
AGENT_CONVERSATION_TOKENS = env.int("AGENT_CONVERSATION_TOKENS", default=50_000)
AGENT_CONVERSATION_CENTS = env.int("AGENT_CONVERSATION_CENTS", default=50)
AGENT_DAILY_TOKENS = env.int("AGENT_DAILY_TOKENS", default=2_000_000)
AGENT_DAILY_DOLLARS = env.int("AGENT_DAILY_DOLLARS", default=20)
# So long a hand-off may wait before it is told to more people.
HANDOFF_ESCALATES_AFTER = timedelta(minutes=30)
# Nobody is written to unasked outside of these hours of their own clocks, nor more often a week.
FOLLOW_UP_HOURS = (time(9), time(20))
FOLLOW_UPS_PER_WEEK = 3
# What could not be sent for so long after it was due is not sent any more.
FOLLOW_UP_LATEST = timedelta(days=2)
# So far from a lead an event may be to which they are invited.
FOLLOW_UP_RADIUS_KM = 30

# --- API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["users.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["config.formats.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.formats.OrjsonParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "config.api.PageNumberPagination",
    "DEFAULT_SCHEMA_CLASS": "config.schema.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # `?format=` means nothing here
}
# Which of these an operation may answer, config.schema tells by what it is.
REFUSALS = ["400", "401", "403", "404", "406", "409", "413", "415", "429", "503"]
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "config.exception_handler.ExceptionHandler",
    "ALLOWED_ERROR_STATUS_CODES": REFUSALS,
    "ERROR_SCHEMAS": dict.fromkeys(REFUSALS, "config.schema.ErrorsSerializer"),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mutirão",
    "VERSION": "1",
    "DESCRIPTION": "Community-action organisations: events, volunteers and their hours.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/favicon.ico",
    "PREPROCESSING_HOOKS": ["config.schema.only_canonical_paths"],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "visitor": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "Visitor, a blank, and the token of the session of a chat.",
            }
        }
    },
    "ENUM_NAME_OVERRIDES": {
        "ErrorType": "config.schema.ERROR_TYPES",
        "EventStatus": "events.models.Event.Status",
        "ReportStatus": "events.models.EventReport.Status",
        "ReportContributionStatus": "events.models.ReportContribution.Status",
        "ImpactKind": "events.models.IMPACT_KINDS",
        "ResourceKind": "events.models.EventResource.Kind",
        "CommentState": "events.models.EventComment.State",
        "NewEventStatus": "events.serializers.NEW_STATUSES",
        "OneOrAll": "events.inputs.ONE_OR_ALL",
        "SeriesScope": "events.services.series_edits.Scope",
        "ParticipantStatus": "events.models.EventParticipant.Status",
        "PhotoStatus": "events.models.EventPhoto.Status",
        "Language": "users.models.User.Language",
        "PhotoStage": "events.models.EventPhoto.Stage",
        "LeadStage": "leads.models.Lead.Stage",
        "LeadIdentityKind": "leads.models.LeadIdentity.Kind",
        "LeadConsentChannel": "leads.models.LeadConsent.Channel",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Of one picture; nginx knows the first (nginx/site.conf.template).
PICTURE_MAX_BYTES = 15 * 1024 * 1024
PICTURE_MAX_PIXELS = 40_000_000
CORS_ALLOWED_ORIGINS = _list("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_HEADERS = [
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "last-event-id",
]
CORS_EXPOSE_HEADERS = ["Idempotency-Replayed", "Location", "Retry-After", "X-Request-ID"]
CORS_URLS_REGEX = r"^/(api|chat|health|healthz|readiness|liveness)"

# --- Headers ------------------------------------------------------------------------------
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = False  # nginx redirects
# W008 asks for that redirect, W019 for DENY.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W019"]
SECURE_HSTS_SECONDS = 31_536_000 if SCHEME == "https" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SCHEME == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SCHEME == "https"
_PAGE = (
    f"default-src 'self'; img-src 'self' data: {S3['public_url']}; "
    "style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; "
)
# By the start of the path; the first that fits counts.
CONTENT_SECURITY_POLICIES = {
    "/admin": _PAGE + "script-src 'self' 'unsafe-eval'",  # Unfold's Alpine
    "/docs": _PAGE + "script-src 'self' 'unsafe-inline'",  # Swagger UI starts inline
    "/account": _PAGE + "script-src 'none'",
    "": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
}

# --- Mail ---------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"Mutirão <no-reply@{DOMAIN.split(':')[0]}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Language and time --------------------------------------------------------------------
LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", _("Portuguese (Brazil)")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "America/Sao_Paulo"
USE_TZ = True

# --- Logs and metrics ---------------------------------------------------------------------
LOG_LEVEL = env("LOG_LEVEL", default="INFO").upper()
LOGGING = logs.configure(env.ENVIRON, LOG_LEVEL, on_console=DEBUG)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG  # its end has a line
# Shared by the processes of one program, which count into it; prometheus_client reads it too.
METRICS_FOLDER = env("PROMETHEUS_MULTIPROC_DIR", default=None)
METRICS_ALLOWED = _list("METRICS_ALLOWED", default=["127.0.0.0/8", "::1"])
METRICS_PORT = env.int("METRICS_PORT", default=0)  # of workers and beat; 0 is none
# Counted every hour, by name: a model, which of its rows, and the field whose sum counts, if any.
TOTALS: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "accounts": ("users.User", {"is_active": True}, None),
    "published_events": ("events.Event", {"status": "published"}, None),
    "finished_events": ("events.Event", {"status__in": ["finished", "archived"]}, None),
    "participations": ("events.EventParticipant", {"status": "confirmed"}, None),
    "hours": ("users.ContributionTotal", {"kind": "hours"}, "amount"),
}

# And these, with it, for the charts of the dashboard: how many rows, or the sum of a field, of the
# last weeks or months, each or by another field; or of now, by a field, the most first.
SERIES: dict[str, dict[str, Any]] = {
    "sign_ups": {
        "model": "events.EventParticipant",
        "moment": "joined_at",
        "per": "week",
        "back": 12,
    },
    "given": {
        "model": "users.Contribution",
        "moment": "happened_at",
        "per": "month",
        "back": 12,
        "by": "kind",
        "sum": "amount",
    },
    "cities": {"model": "events.Event", "where": {"status": "published"}, "by": "city", "top": 10},
}

# Reading writes no history, so it need not know who reads.
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

# --- Admin --------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Mutirão",
    "SITE_HEADER": "Mutirão",
    "SITE_SYMBOL": "volunteer_activism",
    "SITE_URL": None,  # the front end lives elsewhere
    "SITE_FAVICONS": [{"rel": "icon", "href": "/favicon.ico"}],
    "SHOW_LANGUAGES": True,
    "STYLES": [f"{STATIC_URL}config/admin.css"],
    "SCRIPTS": [f"{STATIC_URL}config/admin.js"],
    "LOGIN": {"form": "users.admin_login.LoginForm"},
    "DASHBOARD_CALLBACK": "config.admin.dashboard.context",
    "COMMAND": {"search_callback": "config.admin.search.search"},
    "SIDEBAR": {
        "navigation": "config.admin.sidebar.navigation",
        "show_search": True,
        "command_search": True,
    },
    # The greens of Tailwind's emerald, one step darker, so that white on 600 is easy to read.
    "COLORS": {
        "primary": {
            "50": "oklch(97.9% .021 166.113)",
            "100": "oklch(95% .052 163.051)",
            "200": "oklch(90.5% .093 164.15)",
            "300": "oklch(84.5% .143 164.978)",
            "400": "oklch(69.6% .17 162.48)",
            "500": "oklch(59.6% .145 163.225)",
            "600": "oklch(50.8% .118 165.612)",
            "700": "oklch(43.2% .095 166.913)",
            "800": "oklch(37.8% .077 168.94)",
            "900": "oklch(31.5% .063 170)",
            "950": "oklch(26.2% .051 172.552)",
        },
    },
}

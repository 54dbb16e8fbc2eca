from django.apps import AppConfig

from config import celery


class ConfigConfig(AppConfig):
    """What all apps share: the idempotency table, the schedules, the health endpoints."""

    name = "config"
    verbose_name = "Mutirão"
    # Loaded before any task, so that shared tasks belong to our application.
    celery_app = celery.app

    def ready(self) -> None:
        from config.metrics import port, work  # noqa: F401  # connect to Celery's signals

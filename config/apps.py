from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """What all apps share: the idempotency table, the schedules, the health endpoints."""

    name = "config"
    verbose_name = "Mutirão"

    def ready(self) -> None:
        from config.metrics import port, work  # noqa: F401  # connect to Celery's signals

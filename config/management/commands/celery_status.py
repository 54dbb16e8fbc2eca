"""What operators want to know of the workers, as `make celery-status` prints it."""

from typing import Any

from django.core.management.base import BaseCommand
from django_celery_beat.models import PeriodicTask

from config.celery import app
from config.metrics.shared import ask_broker

PATIENCE = 2  # seconds for the workers to answer
KINDS = ("active", "reserved", "scheduled")


class Command(BaseCommand):
    help = "Lists workers with their tasks, queues with length and age, and beat's last schedule."

    def handle(self, *args: Any, **options: Any) -> None:
        self._workers()
        _, queues = ask_broker()
        for name, queue in queues.items():
            age = "unknown" if queue.age is None else f"{queue.age:.0f} s"
            self.stdout.write(f"Queue {name}: {queue.length} waiting, the oldest for {age}.")
        self._beat()

    def _workers(self) -> None:
        asked = app.control.inspect(timeout=PATIENCE)
        stats = asked.stats() or {}
        tasks = {kind: getattr(asked, kind)() or {} for kind in KINDS}
        self.stdout.write(f"{len(stats)} workers.")
        for name in sorted(stats):
            counts = ", ".join(f"{len(tasks[kind].get(name, []))} {kind}" for kind in KINDS)
            processes = len(stats[name]["pool"]["processes"])
            self.stdout.write(f"Worker {name}: {processes} processes, {counts}.")
            for task in tasks["active"].get(name, []):
                self.stdout.write(f"  {task['name']} {task['id']}")

    def _beat(self) -> None:
        last = PeriodicTask.objects.exclude(last_run_at=None).order_by("-last_run_at").first()
        told = f"{last.name} at {last.last_run_at:%Y-%m-%d %H:%M:%S} UTC" if last else "nothing yet"
        self.stdout.write(f"Beat last sent {told}.")

"""What each process counts. Labels hold only what code names, never what people send."""

from pathlib import Path

from django.conf import settings
from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Metric, values
from prometheus_client.context_managers import Timer
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config.metrics.slots import Slot, remove_gauges_of_the_dead


def _kind_of_value(folder: str | None) -> type:
    """Where counts are kept: in files of the folder, or without one in this process."""
    if folder:
        return values.MultiProcessValue(Slot(Path(folder)).number)
    return values.MutexValue


# Before the first metric is made, which takes its values from here.
values.ValueClass = _kind_of_value(settings.METRICS_FOLDER)

REQUESTS = Counter(
    "mutirao_requests",
    "Requests answered, by route and class of status.",
    ["method", "route", "status"],
)
REQUEST_SECONDS = Histogram(
    "mutirao_request_seconds",
    "Time to answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ACTIVE_REQUESTS = Gauge(
    "mutirao_active_requests", "Requests being answered.", multiprocess_mode="livesum"
)
OPEN_STREAMS = Gauge(
    "mutirao_open_streams", "Streams open to readers.", multiprocess_mode="livesum"
)
ANSWERING = Gauge(
    "mutirao_answers_streaming", "Answers being written to streams.", multiprocess_mode="livesum"
)
STREAM_EVENTS = Counter("mutirao_stream_events", "Events sent to readers, by kind.", ["kind"])
TASKS = Counter("mutirao_tasks", "Tasks that ended, by outcome.", ["task", "outcome"])
TASK_SECONDS = Histogram(
    "mutirao_task_seconds",
    "Time a task ran.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900),
)
BEAT_SENT = Counter("mutirao_beat_sent", "Scheduled tasks sent.", ["schedule"])
BEAT_MISSED = Counter(
    "mutirao_beat_missed", "Slots of a schedule that passed unsent.", ["schedule"]
)
BEAT_TICK_SECONDS = Histogram(
    "mutirao_beat_tick_seconds",
    "Time of one look at the schedules.",
    buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
)
POOL_LIMIT = Gauge(
    "mutirao_database_pool_limit",
    "Connections that the living processes may have open.",
    multiprocess_mode="livesum",
)
POOL_SIZE = Gauge(
    "mutirao_database_pool_size",
    "Connections open at the end of each process's last work.",
    multiprocess_mode="livesum",
)
POOL_TAKEN = Counter("mutirao_database_pool_taken", "Times a connection was asked for.")
POOL_WAITED = Counter(
    "mutirao_database_pool_waited", "Times that none was free, or the first was to be made."
)
POOL_WAITED_SECONDS = Counter("mutirao_database_pool_waited_seconds", "Time waited for one.")
POOL_REFUSED = Counter("mutirao_database_pool_refused", "Times that none came.")


def beat_sent(schedule: str) -> None:
    """Count a scheduled task that beat has sent; `schedule` is the name of its row."""
    BEAT_SENT.labels(schedule).inc()


def beat_missed(schedule: str, count: int) -> None:
    """Count slots that passed without being sent, as beat finds when it starts again."""
    BEAT_MISSED.labels(schedule).inc(count)


def beat_tick() -> Timer:
    """Time one look at the schedules: decorates the function, or opens a `with`."""
    return BEAT_TICK_SECONDS.time()


class Counted(MultiProcessCollector):
    """The sums over all processes that counted into the folder."""

    def collect(self) -> list[Metric]:
        remove_gauges_of_the_dead(Path(self._path))
        return list(super().collect())


def collector() -> Collector:
    """All that was counted: by the processes of the folder, or without one by this process."""
    return Counted(None, settings.METRICS_FOLDER) if settings.METRICS_FOLDER else REGISTRY

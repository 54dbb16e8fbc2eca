"""A Celery app as it comes, but for processes renewed as often as ours, with an empty task."""

import os

from celery import Celery

app = Celery("bare", broker=os.environ["BROKER_URL"])
app.conf.worker_max_tasks_per_child = 100


@app.task
def nothing():
    pass

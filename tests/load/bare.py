"""A Celery app as it comes, with a task that does nothing."""

import os

from celery import Celery

app = Celery("bare", broker=os.environ["BROKER_URL"])


@app.task
def nothing():
    pass

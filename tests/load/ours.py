"""The product's Celery app, with a task that does nothing."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config.celery import app  # noqa: E402


@app.task
def nothing():
    pass

"""The entry point for gunicorn."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from django.conf import settings  # noqa: E402  # once they are set up

from config.health import checks  # noqa: E402

# With all views, which the first request of each process would load otherwise.
import_module(settings.ROOT_URLCONF)
checks.load()

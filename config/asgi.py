"""The entry point for streams: the same site, served by gunicorn's ASGI worker."""

import os
from importlib import import_module

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_asgi_application()

from django.conf import settings  # noqa: E402  # once they are set up
from django.utils.module_loading import import_string  # noqa: E402

# With all views, which the first request of each process would load otherwise.
import_module(settings.ROOT_URLCONF)
# Before it listens, so that a replica that answers has all that it needs to answer at once.
for _name in settings.STREAMS_NEED:
    import_string(_name)()

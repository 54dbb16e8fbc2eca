"""Serves uploaded files where there is no S3; nginx does the sending if it is told where."""

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from config import storage


@require_safe
def media(request: HttpRequest, name: str) -> HttpResponseBase:
    """The file, to whoever has its signed address; others do not learn whether it is there."""
    if not storage.is_signed(name, request.GET):
        raise PermissionDenied
    path = _path(name)
    if settings.MEDIA_ACCEL_PREFIX:
        response: HttpResponseBase = HttpResponse()
        response["X-Accel-Redirect"] = settings.MEDIA_ACCEL_PREFIX + quote(name)
    else:
        response = FileResponse(path.open("rb"))
    response["Content-Type"] = storage.content_type(name)
    response["Content-Disposition"] = storage.disposition(name)
    response["Cache-Control"] = storage.CACHE_CONTROL
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _path(name: str) -> Path:
    """Where the file is; a name that leads out of MEDIA_ROOT names none."""
    try:
        path = Path(default_storage.path(name))
        is_there = path.is_file()
    except (SuspiciousFileOperation, ValueError):  # a NUL in the name
        raise Http404 from None
    if not is_there:
        raise Http404
    return path

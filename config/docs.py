"""The description of the API, as it is served."""

from typing import Any

from django.http import HttpRequest
from django.utils import translation
from drf_spectacular.views import SpectacularAPIView
from rest_framework.response import Response


class SchemaView(SpectacularAPIView):
    """In English for every reader: only the product is translated, its documentation is not."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        with translation.override("en"):
            response: Any = super().dispatch(request, *args, **kwargs)
            return response.render()

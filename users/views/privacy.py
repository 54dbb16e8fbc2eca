"""One's own data: a copy of it."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api import idempotent
from users import services
from users.examples import EXPORT, EXPORT_BEGUN
from users.serializers import DataExportSerializer
from users.views.requests import acting_user


class ExportView(APIView):
    may_be_missing = True

    @extend_schema(responses=DataExportSerializer, examples=[EXPORT])
    def get(self, request: Request) -> Response:
        """The copy of one's data that was asked for last, and for a day where it is.

        The address opens the file for an hour; asked again, there is a fresh one.
        """
        mine = acting_user(request).data_exports.current().order_by("-requested_at", "-pk")
        if (export := mine.first()) is None:
            raise Http404
        return Response(DataExportSerializer(export).data)

    @extend_schema(request=None, responses={202: DataExportSerializer}, examples=[EXPORT_BEGUN])
    @idempotent
    def post(self, request: Request) -> Response:
        """Have a copy of all one's data made; a mail tells when it is there."""
        export = services.request_export(acting_user(request))
        return Response(DataExportSerializer(export).data, status.HTTP_202_ACCEPTED)

"""Check-in without a network: the list that goes along, and the scans that come back."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import command
from events import check_in_lists, services
from events.models import Event
from events.offline import (
    CheckInListSerializer,
    SyncedSerializer,
    SyncSerializer,
    scans_of,
)
from events.offline_examples import CHECK_IN_LIST, SYNC, SYNCED
from events.views.access import acting_user, managed_event


class CheckInListView(generics.GenericAPIView[Event]):
    @extend_schema(responses=CheckInListSerializer, examples=[CHECK_IN_LIST])
    def get(self, request: Request, event_id: int) -> Response:
        """Everyone who may come, signed, for a device that will have no network."""
        event = managed_event(request, event_id)
        name = f'attachment; filename="check-in-{event.pk}.json"'
        answer = CheckInListSerializer(check_in_lists.make(event)).data
        return Response(answer, headers={"Content-Disposition": name})


@command(request=SyncSerializer, responses=SyncedSerializer, examples=[SYNC, SYNCED])
def sync(request: Request, event_id: int) -> Response:
    """Take in what devices scanned offline, in any order and as often as they send it."""
    event = managed_event(request, event_id)
    given = SyncSerializer(data=request.data, context={"event": event})
    given.is_valid(raise_exception=True)
    items = given.validated_data["items"]
    answers = services.sync_check_ins(event, scans_of(event, items), by=acting_user(request))
    results = [
        {"nonce": item["nonce"], **asdict(answer), "detail": answer.detail}
        for item, answer in zip(items, answers, strict=True)
    ]
    return Response(SyncedSerializer({"results": results}).data)

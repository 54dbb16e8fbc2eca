"""What an event needs, who brings it, and rides."""

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api import idempotent
from events import rules, services
from events.models import Event, EventResource
from events.models.resources import ResourceQuerySet
from events.resource_examples import (
    FEWER,
    NEW_RESOURCE,
    NEW_RIDE,
    PLEDGE,
    RESOURCE,
    RESOURCE_CHANGE,
    RIDE,
)
from events.resources import NewResourceSerializer, QuantitySerializer, ResourceSerializer
from events.views.access import acting_user, visible_event, visible_resource
from users.models import User


def seen_by(user: User | AnonymousUser, event: Event) -> ResourceQuerySet:
    """The resources of the event as the user may see them."""
    of_all = isinstance(user, User) and rules.may_see_pledges(user, event)
    return EventResource.objects.filter(event=event).with_pledges(user, of_all=of_all)


def answer(request: Request, resource: EventResource, code: int = status.HTTP_200_OK) -> Response:
    shown = seen_by(request.user, resource.event).get(pk=resource.pk)
    return Response(ResourceSerializer(shown).data, code)


@extend_schema_view(get=extend_schema(examples=[RESOURCE, RIDE]))
class ResourceListView(generics.ListAPIView[EventResource]):
    """What is needed and how much of it is pledged, and rides."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = ResourceSerializer
    queryset = EventResource.objects.none()

    def get_queryset(self) -> ResourceQuerySet:
        event = visible_event(self.request, self.kwargs["event_id"])
        return seen_by(self.request.user, event).order_by("pk")

    @extend_schema(
        request=NewResourceSerializer,
        responses={201: ResourceSerializer},
        examples=[NEW_RESOURCE, NEW_RIDE, RESOURCE, RIDE],
    )
    @idempotent
    def post(self, request: Request, event_id: int) -> Response:
        """Ask for a thing, as who runs the event, or offer a ride, as who has a seat."""
        event, user = visible_event(request, event_id), acting_user(request)
        given = NewResourceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = {**given.validated_data}
        if fields.pop("kind") == EventResource.Kind.RIDE:
            resource = services.offer_ride(event, user, fields)
        elif rules.may_manage(user, event):
            resource = services.add_resource(event, fields)
        else:
            raise PermissionDenied
        return answer(request, resource, status.HTTP_201_CREATED)


class ResourceView(APIView):
    @extend_schema(
        request=ResourceSerializer, responses=ResourceSerializer, examples=[RESOURCE_CHANGE, FEWER]
    )
    def patch(self, request: Request, resource_id: int) -> Response:
        """Change what is needed, never below what is pledged."""
        resource = self._changeable(request, resource_id)
        given = ResourceSerializer(resource, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        return answer(request, services.edit_resource(resource, given.validated_data))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, resource_id: int) -> Response:
        """Take it off the list; who pledged it is told."""
        services.delete_resource(self._changeable(request, resource_id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _changeable(self, request: Request, resource_id: int) -> EventResource:
        resource = visible_resource(request, resource_id)
        if not rules.may_change_resource(acting_user(request), resource):
            raise PermissionDenied
        return resource


class PledgeView(APIView):
    @extend_schema(
        request=QuantitySerializer,
        responses={200: ResourceSerializer, 201: ResourceSerializer},
        examples=[PLEDGE, RESOURCE],
    )
    @idempotent
    def post(self, request: Request, resource_id: int) -> Response:
        """Say how many one brings, instead of what one said before."""
        resource = visible_resource(request, resource_id)
        given = QuantitySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        resource, is_new = services.pledge(
            resource, acting_user(request), given.validated_data["quantity"]
        )
        return answer(request, resource, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, resource_id: int) -> Response:
        """Take back what one pledged."""
        services.take_back(visible_resource(request, resource_id), acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

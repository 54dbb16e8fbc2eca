"""Which event a request is about: what one may not see does not exist."""

from collections.abc import Callable
from typing import cast

from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from events import rules
from events.models import Event, EventComment, EventResource
from users.models import User


def acting_user(request: Request) -> User:
    """Who acts: the default permission lets nobody but accounts this far."""
    return cast(User, request.user)


def visible_event(request: Request, event_id: int) -> Event:
    return get_object_or_404(Event.objects.visible_to(request.user), pk=event_id)


def visible_resource(request: Request, resource_id: int) -> EventResource:
    resources = EventResource.objects.visible_to(request.user).select_related("event")
    return get_object_or_404(resources, pk=resource_id)


def visible_comment(request: Request, comment_id: int) -> EventComment:
    comments = EventComment.objects.visible_to(request.user).select_related("event")
    return get_object_or_404(comments, pk=comment_id)


def managed_event(
    request: Request, event_id: int, *, may: Callable[[User, Event], bool] = rules.may_manage
) -> Event:
    """The event, for those who run it."""
    event = visible_event(request, event_id)
    if not may(acting_user(request), event):
        raise PermissionDenied
    return event


def visited_event(request: Request, event_id: int) -> Event:
    """The event of a visit: with the venue's code for everyone, else for those who run it."""
    if isinstance(request.data, dict) and "venue_code" in request.data:
        return visible_event(request, event_id)
    return managed_event(request, event_id)

"""What people say about an event."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import PermissionDenied, Throttled
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import limits
from config.api import CursorPagination, command, idempotent
from events import rules, services
from events.comment_examples import COMMENT, FLAG, NEW_COMMENT, NEW_REPLY
from events.comments import CommentSerializer, FlagSerializer, NewCommentSerializer, RepliesQuery
from events.models import EventComment
from events.models.comments import CommentQuerySet
from events.views.access import acting_user, visible_comment, visible_event


class CommentListView(generics.ListAPIView[EventComment]):
    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = CommentSerializer
    pagination_class = CursorPagination
    queryset = EventComment.objects.none()
    feed_order = "-id"

    def get_queryset(self) -> CommentQuerySet:
        event = visible_event(self.request, self.kwargs["event_id"])
        asked = RepliesQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        parent = asked.validated_data.get("parent")
        if parent is not None:
            self.feed_order = "id"
        return EventComment.objects.filter(event=event, parent=parent).with_replies()

    @extend_schema(parameters=[RepliesQuery], examples=[COMMENT])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """The comments, the latest first; or all replies to one, the first first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewCommentSerializer,
        responses={201: CommentSerializer},
        examples=[NEW_COMMENT, NEW_REPLY, COMMENT],
    )
    @idempotent
    def post(self, request: Request, event_id: int) -> Response:
        """Say something, or answer; `@organizer` or `@ana-souza-12` calls who runs the event."""
        event, user = visible_event(request, event_id), acting_user(request)
        given = NewCommentSerializer(data=request.data, context={"event": event})
        given.is_valid(raise_exception=True)
        _limit(request, "comment")
        comment = services.comment(event, user, **given.validated_data)
        shown = EventComment.objects.with_replies().get(pk=comment.pk)
        return Response(CommentSerializer(shown).data, status.HTTP_201_CREATED)


class CommentView(APIView):
    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, comment_id: int) -> Response:
        """Delete one's own comment, or any as who runs the event; replies stay."""
        comment = visible_comment(request, comment_id)
        if not rules.may_delete_comment(acting_user(request), comment):
            raise PermissionDenied
        services.delete_comment(comment, by=acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@command(request=FlagSerializer, responses={204: None}, examples=[FLAG])
def flag(request: Request, comment_id: int) -> Response:
    """Tell staff that a comment should not be there; once is enough."""
    comment = visible_comment(request, comment_id)
    given = FlagSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    _limit(request, "comment_flag")
    services.flag(comment, acting_user(request), **given.validated_data)
    return Response(status=status.HTTP_204_NO_CONTENT)


def _limit(request: Request, name: str) -> None:
    if wait := limits.hit(name, str(acting_user(request).pk)):
        raise Throttled(wait)

"""The shape of comments in JSON."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.api import LineField, TextField, UtcDateTimeField
from events.models import Event, EventComment
from events.serializers import LARGEST_ID


class ReplySerializer(serializers.ModelSerializer[EventComment]):
    """A comment as everyone sees it: of one that is not shown, only that it was there."""

    author = serializers.SerializerMethodField()
    author_name = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    state = serializers.ChoiceField(EventComment.State.choices, read_only=True)
    created_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = EventComment
        fields: tuple[str, ...] = (
            "id",
            "event",
            "parent",
            "author",
            "author_name",
            "text",
            "state",
            "created_at",
        )
        read_only_fields = fields

    def get_author(self, comment: EventComment) -> int | None:
        return comment.author_id if comment.is_shown else None

    def get_author_name(self, comment: EventComment) -> str:
        return comment.author.public_name if comment.is_shown else ""

    def get_text(self, comment: EventComment) -> str:
        return comment.text if comment.is_shown else ""


class CommentSerializer(ReplySerializer):
    """With the first replies; needs rows of `with_replies`."""

    reply_count = serializers.IntegerField(read_only=True)
    replies = ReplySerializer(
        source="shown_replies",
        many=True,
        read_only=True,
        help_text="The first ten; `?parent=<id>` asks for all.",
    )

    class Meta(ReplySerializer.Meta):
        fields = (*ReplySerializer.Meta.fields, "reply_count", "replies")
        read_only_fields = fields


class NewCommentSerializer(serializers.Serializer[Any]):
    """What somebody says; needs the event as context."""

    text = TextField(max_length=2000)
    parent = serializers.IntegerField(  # type: ignore[assignment]  # which the base uses inside
        min_value=1,
        max_value=LARGEST_ID,
        required=False,
        allow_null=True,
        default=None,
        help_text="The comment that it answers.",
    )

    def validate_parent(self, pk: int | None) -> EventComment | None:
        if pk is None:
            return None
        event: Event = self.context["event"]
        parent = event.comments.filter(pk=pk).first()
        if parent is None:
            raise serializers.ValidationError(_("There is no such comment here."), "does_not_exist")
        return parent


class RepliesQuery(serializers.Serializer[Any]):
    """Whose replies; without it, the comments of the event."""

    parent = serializers.IntegerField(  # type: ignore[assignment]  # which the base uses inside
        min_value=1, max_value=LARGEST_ID, required=False
    )


class FlagSerializer(serializers.Serializer[Any]):
    """Why it should not be there; for staff."""

    reason = LineField(max_length=500)

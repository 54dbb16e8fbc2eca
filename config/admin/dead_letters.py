"""Tasks that were given up: staff queue them again or set them aside."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config import dead_letters
from config.admin import waiting
from config.admin.commands import Command, run
from config.admin.lists import ReadOnlyAdmin
from config.models import DeadLetter

QUEUE_AGAIN = Command(
    question=_("Queue these tasks again?"),
    button=_("Queue again"),
    done=_("Queued again: %(count)d."),
    act=lambda request, letter, answers: dead_letters.queue_again(letter),
)
SET_ASIDE = Command(
    question=_("Set these dead letters aside?"),
    button=_("Set aside"),
    done=_("Set aside: %(count)d."),
    act=lambda request, letter, answers: dead_letters.set_aside(letter),
)

waiting.register(_("Dead letters"), DeadLetter.objects.waiting, "handled_at__isempty=1")


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ["task", "arguments", "reason", "given_up_at", "handled_at"]
    list_filter = ["reason", ("handled_at", admin.EmptyFieldListFilter), "task"]
    search_fields = ["task", "error"]
    ordering = ["-given_up_at", "-pk"]
    fields = ["task", "arguments", "reason", "error", "given_up_at", "handled_at"]
    actions = ["queue_again", "set_aside"]

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("config.change_deadletter")

    @display(description=_("arguments"))
    def arguments(self, letter: DeadLetter) -> str:
        return dead_letters.shown(letter)

    @admin.action(description=QUEUE_AGAIN.button, permissions=["handle"])
    def queue_again(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        run(self, request, letters, QUEUE_AGAIN, {})

    @admin.action(description=SET_ASIDE.button, permissions=["handle"])
    def set_aside(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        run(self, request, letters, SET_ASIDE, {})

"""What the web says where our knowledge says nothing: for staff, and never for who asked."""

import logging

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from config.errors import DependencyAway
from leads.agent import actions
from leads.agent.providers import choice
from leads.agent.providers.protocol import Hit
from leads.models import Conversation

logger = logging.getLogger(__name__)
# Characters of a question that are looked up, and of a page that are shown.
LONGEST_QUERY, LONGEST_TITLE, LONGEST_TEXT = 400, 120, 200
READ = 2000


def add(conversation: Conversation) -> None:
    """Put pages of the web below what a person needs to know, once; none without a key.

    No transaction is open while it is asked. Whoever is away leaves the hand-off as it is.
    """
    web, query = choice.web_search(), _query(conversation)
    with translation.override(settings.LANGUAGE_CODE):
        heading = _("From the web, not checked and not ours:")
    if web is None or not query or heading in conversation.handoff_summary:
        return
    try:
        lines = [_line(hit) for hit in web.search(query)]
    except DependencyAway:
        logger.warning("Conversation %s is handed over without hints.", conversation.pk)
        return
    if lines:
        conversation.handoff_summary += "\n\n" + "\n".join([heading, *lines])
        same = Conversation.objects.filter(
            pk=conversation.pk, handed_off_at=conversation.handed_off_at
        )
        same.update(handoff_summary=conversation.handoff_summary)


def _query(conversation: Conversation) -> str:
    """The question that nothing was found for, without how to reach who asked it."""
    if conversation.handoff_reason != Conversation.Reason.NO_EVIDENCE:
        return ""
    question = conversation.open_questions.order_by("-pk").first()
    text = question.text[:READ] if question else ""
    return " ".join(actions.PHONE.sub(" ", actions.EMAIL.sub(" ", text)).split())[:LONGEST_QUERY]


def _line(hit: Hit) -> str:
    title, text = (" ".join(one.split()) for one in (hit.title, hit.text))
    return f"- {title[:LONGEST_TITLE]}: {text[:LONGEST_TEXT]} {hit.url}"

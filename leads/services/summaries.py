"""What was said long ago, in a few words: so a model needs to read less, and a person too."""

from leads import threads
from leads.agent import memory
from leads.agent.turns import Said
from leads.models import Conversation
from leads.services import bursts


def summarize(conversation_id: int) -> None:
    """Fold what has left the window into the summary, half a window at a time.

    Nothing is open while a model writes; of two at once, one changes nothing.
    """
    conversation = Conversation.objects.select_related("lead").filter(pk=conversation_id).first()
    if conversation is None:
        return
    recent = conversation.messages.order_by("-pk").values_list("pk", flat=True)
    oldest_kept = recent[bursts.WINDOW - 1 : bursts.WINDOW].first()
    if oldest_kept is None:
        return
    gone = conversation.messages.filter(
        pk__gt=conversation.summarized_through, pk__lt=oldest_kept
    ).in_order()
    said = [Said(message.author, message.text[: bursts.LONGEST_SAID]) for message in gone]
    if len(said) < bursts.WINDOW // 2:
        return
    summary = threads.run(
        memory.summarize,
        said,
        before=conversation.summary,
        language=conversation.lead.language,
        conversation_id=conversation.pk,
    )
    same = Conversation.objects.filter(
        pk=conversation.pk, summarized_through=conversation.summarized_through
    )
    same.update(summary=summary, summarized_through=max(message.pk for message in gone))

"""Ten thousand messages of five hundred contacts, some twice and none in order."""

import random
import time
from datetime import timedelta

from tests.load import client, gateway, waiting, working
from tests.load.compare import Figure

CONTACTS, EACH, REPEATED = 500, 18, 1000
FIRST_CONTACT = 20_000_000
CLIENTS = 8
PATIENCE = 300
# A second answer to the same burst would follow at once; the next burst needs a silence of its own.
TOO_SOON = timedelta(seconds=2)
QUESTIONS = ["Oi", "Como faço para participar?", "Preciso levar ferramentas?", "Quem pode vir?"]


def bursts(bench):
    """Send them all, wait until nothing is to be done any more, and look at every row."""
    from leads.models import Message

    gateway.number()
    working.know(bench)
    bodies = _bodies(random.Random(5))
    with bench.serving(workers=2) as site, working.working(bench):
        rate = _send(site.port, bodies)
        began = time.perf_counter()
        _wait()
        seconds = time.perf_counter() - began
    inbound = Message.objects.filter(author="person", conversation__in=_conversations())
    detail = f"{len(bodies):,} calls, {REPEATED:,} of them repeated; taken in at {rate:.0f}/s"
    wrong = abs(inbound.count() - CONTACTS * EACH)
    yield Figure("messages lost or stored twice", wrong, 0, detail)
    yield Figure("contacts whose messages are out of order", _disordered(), 0, f"{CONTACTS}")
    answers, twice, unanswered = _answers()
    detail = f"{answers:,} answers; all done {seconds:.0f} s after the last call"
    yield Figure("bursts answered twice", twice, 0, detail)
    yield Figure("conversations that still wait", unanswered, 0, detail)


def _bodies(chance):
    """Each message once, and some of them again, in random order."""
    now = time.time()
    bodies = [
        gateway.message(
            FIRST_CONTACT + contact,
            f"LOAD{contact:05}{number:05}",
            text=f"{number:05} {chance.choice(QUESTIONS)}",
            sent_at=now - 3600 + number,
        )
        for contact in range(CONTACTS)
        for number in range(EACH)
    ]
    bodies += chance.sample(bodies, REPEATED)
    chance.shuffle(bodies)
    return bodies


def _send(port, bodies):
    """In portions, since a signature is believed for some minutes only."""
    began = time.perf_counter()
    for start in range(0, len(bodies), 1000):
        requests = [gateway.call(body) for body in bodies[start : start + 1000]]
        client.send_at_once(port, requests, CLIENTS)
    return len(bodies) / (time.perf_counter() - began)


def _wait():
    """Until every call is processed and no answer is due."""
    from leads.models import Conversation, WebhookEvent

    unread = WebhookEvent.objects.waiting()
    due = Conversation.objects.filter(answer_due_at__isnull=False)
    waiting.wait_until(
        lambda: not unread.exists() and not due.exists(),
        seconds=PATIENCE,
        failure=f"Not done after {PATIENCE} s.",
        every=0.5,
    )


def _conversations():
    from leads.models import Conversation

    messages = "messages__external_id__startswith"
    return Conversation.objects.filter(**{messages: "LOAD"}).distinct()


def _disordered():
    """Contacts that do not have their eighteen messages, each in its place."""
    expected = [f"{number:05}" for number in range(EACH)]
    wrong = CONTACTS - _conversations().count()
    for conversation in _conversations():
        said = conversation.messages.filter(author="person").in_order()
        wrong += [message.text[:5] for message in said] != expected
    return wrong


def _answers():
    """How many answers there are, how many came again at once, and who still waits for one."""
    from django.db.models import F, Max, Q

    count = twice = 0
    for conversation in _conversations():
        answered = conversation.messages.filter(answers_through__isnull=False).order_by("pk")
        moments = list(answered.values_list("accepted_at", flat=True))
        pairs = zip(moments, moments[1:], strict=False)
        twice += sum(later - earlier < TOO_SOON for earlier, later in pairs)
        count += len(moments)
    last = Max("messages", filter=Q(messages__author="person"))
    waiting = _conversations().annotate(last=last).filter(answered_through__lt=F("last"))
    return count, twice, waiting.count()

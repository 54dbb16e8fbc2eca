"""What is said in a web chat, as it is said: a Redis Stream of each conversation on the broker.

Whoever writes may be in any process, and whoever reads in any other. The rows are the proof; a
stream is there to be quick, to be followed, and to be taken up again where a reader lost it.
"""

from leads.streams.hub import hub
from leads.streams.publishing import forget, publish_message, publish_state
from leads.streams.reader import Reader
from leads.streams.wire import Entry, frame, message_fields

__all__ = [
    "Entry",
    "Reader",
    "forget",
    "frame",
    "hub",
    "message_fields",
    "publish_message",
    "publish_state",
]

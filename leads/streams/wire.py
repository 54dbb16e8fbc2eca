"""The keys in Redis, what an entry of a stream is, and the scripts that write one."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson

from config.encryption import seal, unseal
from leads.models import Message

# So many entries are kept, and so long after the last one or the last reader; what is older is
# read from the rows. About 250 bytes each, on a server that must never be full.
LENGTH = 600
LIFETIME = 15 * 60
# A generation whose sign of life is so old is dead.
ALIVE = 10
# A visitor's readers, in all processes together; one that nobody has renewed for so long is gone.
OF_VISITOR = 5
RENEWED = 15
# Entries for us: they are not sent to readers. The first marks a place to begin at.
OPENED, BEGUN = "_opened", "_begun"
# While one of these is the last, an answer is on its way.
UNFINISHED = {BEGUN, "token", "citation", "action"}

WRITE = """
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*',
    'event', ARGV[3], 'data', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[1], id .. '\\n' .. ARGV[3] .. '\\n' .. ARGV[4])
return id
"""
# Takes one of the visitor's places, if a name for it is given and one is free. Says where who
# comes now begins: after the last entry that ended something, so that an answer on its way is
# seen from its first word. The clock is the broker's: those of replicas differ.
OPEN = (
    """
if ARGV[6] ~= '' then
    local now = tonumber(redis.call('TIME')[1])
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
    if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[7]) then return false end
    redis.call('ZADD', KEYS[3], now + ARGV[8], ARGV[6])
    redis.call('EXPIRE', KEYS[3], ARGV[8])
end
redis.call('SET', KEYS[2], 1, 'EX', ARGV[5])
local unfinished = {token = true, citation = true, action = true, _begun = true}
local found
for _, count in ipairs({1, ARGV[1] * 2}) do
    found = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', count)
    for _, entry in ipairs(found) do
        if not unfinished[entry[2][2]] then return entry[1] end
    end
end
if #found > 0 then return found[#found][1] end
"""
    + WRITE
)
# Says that the answer broke off, once: unless somebody is at it, or something was said since.
BREAK_OFF = (
    """
if redis.call('EXISTS', KEYS[2]) == 1 then return false end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last == 0 or last[1][1] ~= ARGV[5] then return false end
"""
    + WRITE
)
# Keeps the places that this process has a reader in.
RENEW = """
local ends = tonumber(redis.call('TIME')[1]) + ARGV[1]
for place = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[place]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


@dataclass(frozen=True)
class Entry:
    """One event of a conversation, with its place in the stream: "milliseconds-number"."""

    id: str
    event: str
    data: bytes

    @property
    def place(self) -> tuple[int, int]:
        return place(self.id)

    @property
    def fields(self) -> dict[str, Any]:
        return orjson.loads(self.data)

    @property
    def is_ours(self) -> bool:
        return self.event.startswith("_")

    @property
    def frame(self) -> bytes:
        return frame(self.event, self.data, self.id)


def place(entry_id: str) -> tuple[int, int]:
    milliseconds, number = entry_id.split("-")
    return int(milliseconds), int(number)


def frame(event: str, data: bytes, entry_id: str = "") -> bytes:
    """One event as browsers read it; JSON has no line breaks."""
    line = f"id: {entry_id}\n" if entry_id else ""
    return f"{line}event: {event}\ndata: ".encode() + data + b"\n\n"


def stream_key(conversation: UUID) -> str:
    return f"mutirao:chat:{conversation.hex}"


def presence_key(conversation: UUID) -> str:
    return f"mutirao:chat:{conversation.hex}:present"


def answering_key(conversation: UUID) -> str:
    return f"mutirao:chat:{conversation.hex}:answering"


def readers_key(conversation: UUID) -> str:
    """Names of open streams, by the second until which each has its place."""
    return f"mutirao:chat:{conversation.hex}:readers"


def sealed(fields: Any) -> str:
    """As it lies on the broker, which writes all it holds to its disk."""
    return seal(encoded(fields).decode())


def unsealed(content: bytes) -> bytes:
    """What readers are sent; raises Unreadable for what another key sealed."""
    return unseal(content.decode()).encode()


def encoded(fields: Any) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)


def event_fields(event: Any) -> tuple[str, dict[str, Any]]:
    """The name and the content of an event of the agent: Token(text) is `token` {"text": …}."""
    name = type(event).__name__.lower()
    return ("error" if name == "failed" else name), asdict(event)


def message_fields(message: Message) -> dict[str, Any]:
    """A message as visitors see it: never who of the staff wrote it."""
    return {
        "id": message.pk,
        "author": message.author,
        "text": message.text,
        "citations": message.citations,
        "action": message.action,
        "answers_through": message.answers_through,
        "sent_at": message.sent_at,
    }

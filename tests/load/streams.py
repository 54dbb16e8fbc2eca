"""What the stream service holds: a thousand readers of nothing, and twenty chats at once."""

import asyncio
import contextlib
import json
import os
import random
import resource
import time
from pathlib import Path

import redis

from tests.load import client, working
from tests.load.client import Failed, Request
from tests.load.compare import Figure, spread

READERS, TOGETHER = 1000, 50
PINGS = 300
CHATS, TURNS = 20, 10
PAUSE = (1.5, 4.5)  # seconds between an answer and the next question
QUESTION = "Preciso levar ferramentas para o mutirão?"
TIMEOUT = 30


def idle_streams(bench):
    """One process with a thousand open streams against the same process without any."""
    _allow_files(READERS * 2)
    with bench.serving(streams=True) as site:
        sessions = asyncio.run(_greeted(site.port))
        before = _state(site)
        after = asyncio.run(_while_open(site, sessions))
    memory, connections = after["megabytes"] - before["megabytes"], _more(after, before)
    pings = [spread(one["pings"], " ms") for one in (after, before)]
    detail = f"{before['megabytes']:.0f} MB before"
    yield Figure(f"MB more with {READERS:,} idle streams", memory, 120, detail)
    yield Figure("Redis connections more", connections, 4, f"{READERS:,} streams, one process")
    name = f"ping p95 with {READERS:,} idle streams / without"
    slower = _p95(after["pings"]) / _p95(before["pings"])
    yield Figure(name, slower, 2, " against ".join(pings))
    yield from _together(bench)


def _together(bench):
    """Fifty answers at once, by a process that has two connections to the database."""
    working.know(bench)
    with bench.serving(streams=True) as site:
        ends = [end for _session, _first, end in asyncio.run(_ask(site.port, TOGETHER))]
    name = f"of {TOGETHER} answers at once on a pool of 2, failed"
    yield Figure(name, sum(end != "done" for end in ends), 0, ", ".join(sorted(set(ends))))


def first_token(bench):
    """Twenty visitors chat, each with pauses as people make them; then all ask in one moment."""
    working.know(bench)
    with bench.serving(streams=True) as site:
        asyncio.run(_ask(site.port, CHATS))  # what is loaded once
        paced = _firsts(asyncio.run(_at_ease(site.port)))
        burst = []
        for _ in range(TURNS):
            burst += _firsts(asyncio.run(_ask(site.port, CHATS)))
    pauses = "pauses of {} to {} s".format(*PAUSE)
    detail = f"{spread(paced, ' ms')} of {len(paced)}, {pauses}"
    yield Figure(f"first token with {CHATS} chats at once, p95 in ms", _p95(paced), 100, detail)
    detail = f"{spread(burst, ' ms')} of {len(burst)}"
    yield Figure(f"the same when {CHATS} ask in one moment", _p95(burst), None, detail)


def _firsts(chats):
    for _session, _first, end in chats:
        if end != "done":
            raise Failed(f"A chat ended with {end}.")
    return [first * 1000 for _session, first, _end in chats]


async def _at_ease(port):
    """Twenty visitors at once, who each ask, read, and ask again."""
    chance = random.Random(11)

    async def visit():
        chats = []
        for _ in range(TURNS):
            await asyncio.sleep(chance.uniform(*PAUSE))
            chats.append(await _chat(port, QUESTION))
        return chats

    visits = await asyncio.gather(*(visit() for _ in range(CHATS)))
    return [chat for chats in visits for chat in chats]


async def _greeted(port):
    """The sessions of so many visitors who only said that they are there."""
    sessions = []
    for start in range(0, READERS, TOGETHER):
        number = min(TOGETHER, READERS - start)
        sessions += [session for session, *_ in await _ask(port, number, text="")]
    return sessions


async def _ask(port, number, text=QUESTION):
    return await asyncio.gather(*(_chat(port, text) for _ in range(number)))


async def _chat(port, text):
    """One POST: its session, the seconds until its first token, and the event that ended it."""
    began, session, first = time.perf_counter(), {}, 0.0
    body = json.dumps({"message": text}).encode()
    async with _stream(port, "POST", "/chat", {}, body) as events:
        async for name, content in events:
            if name == "session":
                session = content
            elif name == "token":
                first = first or time.perf_counter() - began
            elif name in ("done", "error"):
                return session, first, name
    return session, first, "cut"


async def _while_open(site, sessions):
    """How the process is while each visitor reads their stream."""
    async with contextlib.AsyncExitStack() as stack:
        for session in sessions:
            path = f"/chat/{session['conversation']}/events"
            headers = {"Authorization": f"Visitor {session['token']}"}
            events = await stack.enter_async_context(_stream(site.port, "GET", path, headers))
            name, _content = await anext(events)
            if name != "session":
                raise Failed(f"A stream began with {name}.")
        return await asyncio.to_thread(_state, site)


@contextlib.asynccontextmanager
async def _stream(port, method, path, headers, body=b""):
    """Send a request of one's own connection; give the events of its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    try:
        status = await asyncio.wait_for(reader.readline(), TIMEOUT)
        if b" 200 " not in status:
            raise Failed(f"{method} {path}: {status!r}")
        yield _events(reader)
    finally:
        writer.close()


async def _events(reader):
    """Name and content of each; the lines that frame chunks and the heartbeats say nothing."""
    name = ""
    while line := await asyncio.wait_for(reader.readline(), TIMEOUT):
        field, _colon, value = line.decode().rstrip("\r\n").partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            yield name, json.loads(value)


def _state(site):
    """Memory, connections and pings of the process, as they are now."""
    durations = client.send(site.port, [Request("/load/empty/")] * PINGS)
    return {
        "megabytes": sum(map(_megabytes, _tree(site.pid))),
        "cache": len(site.redis.client_list()),
        "broker": len(redis.Redis.from_url(os.environ["BROKER_URL"]).client_list()),
        "pings": [seconds * 1000 for seconds in durations],
    }


def _more(after, before):
    return max(0, sum(after[name] - before[name] for name in ("cache", "broker")))


def _tree(pid):
    yield pid
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _tree(int(child))


def _megabytes(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def _allow_files(number):
    """Open sockets, here and in the server that is started from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))

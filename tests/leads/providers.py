"""Servers that speak as Anthropic and OpenAI do, and fail in all the ways that they do.

What a real one sends was written down from their API references: the names of events, the order
of blocks, where usage stands, how an error looks outside and inside of a stream.
"""

import json
import threading
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Failure:
    """How a call fails: before the stream, or in the middle of it."""

    BUSY, BROKEN, REFUSED, OVERLOADED = "429", "500", "401", "529"
    HANGS, CUT, ENDS_EARLY, INSIDE = "hangs", "cut", "ends early", "error inside a 200"


STATUSES = {Failure.BUSY: 429, Failure.BROKEN: 500, Failure.REFUSED: 401, Failure.OVERLOADED: 529}


class Server:
    """One provider. Each call takes the next of `behaviours`; without any it answers well."""

    path = ""

    def __init__(self, address):
        self.url = f"http://127.0.0.1:{address[1]}"
        self.text = ["É na praia ", "do Pina [1]."]
        self.tool = None  # the arguments of its call
        self.behaviours = deque()
        self.requests = []
        self.let_go = threading.Event()

    def handle(self, handler):
        length = int(handler.headers["Content-Length"])
        request = json.loads(handler.rfile.read(length))
        self.requests.append((handler.path, dict(handler.headers), request))
        behaviour = self.behaviours.popleft() if self.behaviours else None
        if behaviour in STATUSES:
            self.refuse(handler, STATUSES[behaviour])
        elif behaviour == Failure.HANGS:
            self.let_go.wait(10)
        else:
            self.stream(handler, behaviour)

    def refuse(self, handler, status):
        body = json.dumps(self.error(status)).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        if status == 429:
            handler.send_header("Retry-After", "1")
        handler.end_headers()
        handler.wfile.write(body)

    def stream(self, handler, behaviour):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        frames = list(self.frames())
        if behaviour is not None:
            frames = frames[: self.half]
        for frame in frames:
            self.chunk(handler, frame)
        if behaviour == Failure.INSIDE:
            self.chunk(handler, self.error_frame())
        if behaviour != Failure.CUT:  # which closes the connection within the body
            handler.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def chunk(handler, text):
        data = text.encode()
        handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        handler.wfile.flush()


class Anthropic(Server):
    """POST /v1/messages, streamed: named events, blocks that begin and end, usage in two parts."""

    half = 4  # with the first words

    @staticmethod
    def error(status):
        kinds = {429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}
        kind = kinds.get(status, "authentication_error")
        return {"type": "error", "error": {"type": kind, "message": "No."}, "request_id": "req_1"}

    def error_frame(self):
        return self.frame(self.error(529))

    @staticmethod
    def frame(event):
        return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"

    def frames(self):
        return map(self.frame, self.events())

    def events(self):
        usage = {
            "input_tokens": 900,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 100,
            "output_tokens": 1,
        }
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-5",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        yield {"type": "message_start", "message": message}
        yield {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        }
        yield {"type": "ping"}
        for text in self.text:
            delta = {"type": "text_delta", "text": text}
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        if self.tool is not None:
            yield from self.tool_call(json.dumps(self.tool))
        delta = {"stop_reason": "tool_use" if self.tool else "end_turn", "stop_sequence": None}
        yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 40}}
        yield {"type": "message_stop"}

    @staticmethod
    def tool_call(arguments):
        block = {"type": "tool_use", "id": "toolu_1", "name": "act", "input": {}}
        yield {"type": "content_block_start", "index": 1, "content_block": block}
        for part in ("", arguments[:7], arguments[7:]):
            delta = {"type": "input_json_delta", "partial_json": part}
            yield {"type": "content_block_delta", "index": 1, "delta": delta}
        yield {"type": "content_block_stop", "index": 1}


class OpenAI(Server):
    """POST /v1/chat/completions, streamed: chunks of choices, usage in one without any, [DONE]."""

    half = 2

    @staticmethod
    def error(status):
        kind = {429: "rate_limit_exceeded", 401: "invalid_api_key"}.get(status, "server_error")
        return {"error": {"message": "No.", "type": kind, "param": None, "code": kind}}

    def error_frame(self):
        return f"data: {json.dumps(self.error(500))}\n\n"

    def frames(self):
        for chunk in self.chunks():
            yield f"data: {json.dumps(chunk)}\n\n"
        yield "data: [DONE]\n\n"

    def chunks(self):
        yield self.chunk_of({"role": "assistant", "content": "", "refusal": None})
        for text in self.text:
            yield self.chunk_of({"content": text})
        if self.tool is not None:
            arguments = json.dumps(self.tool)
            call = {"index": 0, "id": "call_1", "type": "function"}
            yield self.chunk_of(
                {"tool_calls": [{**call, "function": {"name": "act", "arguments": ""}}]}
            )
            for part in (arguments[:7], arguments[7:]):
                yield self.chunk_of({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
        yield self.chunk_of({}, "tool_calls" if self.tool else "stop")
        usage = {"prompt_tokens": 1000, "completion_tokens": 40, "total_tokens": 1040}
        yield {**self.chunk_of({}), "choices": [], "usage": usage}

    @staticmethod
    def chunk_of(delta, finish_reason=None):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "gpt-5-mini",
            "choices": [choice],
            "usage": None,
        }


@contextmanager
def running(kind):
    """The server, on a port of its own, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # noqa: N802
            self.close_connection = True
            fake.handle(self)

        def log_message(self, *parts):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake = kind(server.server_address)
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield fake
        finally:
            fake.let_go.set()
            server.shutdown()
            thread.join()

"""How a web process of gunicorn ends: whoever it does not serve any more, it turns away at once."""

import socket

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class Worker(ThreadWorker):
    """gunicorn's own listens until its last answer is out, and accepts nobody.

    So requests would stand in the queue of the socket until they are cut off, and a POST that was
    sent is not sent again. Refused, they go to another replica.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                self._serve_the_queue(listener)
                listener.close()

    def _serve_the_queue(self, listener: socket.socket) -> None:
        number = -1
        while number != self.nr_conns:
            number = self.nr_conns
            self.accept(listener)

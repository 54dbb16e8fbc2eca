"""A site whose answers wait until somebody makes the file that HELD_UNTIL names."""

import os
import time


def application(environ, start_response):
    while not os.path.exists(os.environ["HELD_UNTIL"]):
        time.sleep(0.01)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

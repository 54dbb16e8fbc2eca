"""A site whose answers wait until somebody makes the file that HELD_UNTIL names.

It loads when there is the one that LOADED_WHEN names, and tells on its output that it waits.
"""

import os
import sys
import time


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)


if path := os.environ.get("LOADED_WHEN"):
    sys.stderr.write("It loads.\n")
    wait_for(path)


def application(environ, start_response):
    wait_for(os.environ["HELD_UNTIL"])
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

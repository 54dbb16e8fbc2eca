"""How fast an app sends and runs tasks; each in processes of its own, since signals are global.

`python -m tests.load.delivery NAME NUMBER` sends so many tasks where no worker takes them and
says how many it sent in a second.
"""

import contextlib
import importlib
import os
import subprocess
import sys
import tempfile
import time

import redis

from tests.load import server, waiting

PROCESSES = 2
TASKS = 1000
PATIENCE = 60
PARKED = "load-parked"


@contextlib.contextmanager
def working(name):
    """Run a worker for the app's own queue; give the queue's name."""
    command = [sys.executable, "-m", "celery", "-A", f"tests.load.{name}", "worker"]
    options = ["-Q", f"load-{name}", "-n", f"{name}@%h", "--concurrency", str(PROCESSES)]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [*command, *options],
            env=os.environ | {"HEARTBEAT_FILE": f"{folder}/heartbeat"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with server.ending(process):
            yield f"load-{name}"


def measure(name, queue, tasks=TASKS):
    """Send tasks, then hand them over to the worker; (sent, done) in a second."""
    broker = redis.Redis.from_url(os.environ["BROKER_URL"])
    command = [sys.executable, "-m", "tests.load.delivery", name, str(tasks)]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    broker.rename(PARKED, queue)
    began = time.perf_counter()
    waiting.wait_until(
        lambda: not broker.llen(queue) and not broker.hlen("unacked"),
        seconds=PATIENCE,
        failure=f"{name}: tasks are left after {PATIENCE} s.",
        every=0.005,
    )
    return float(said.stdout.split()[-1]), tasks / (time.perf_counter() - began)


def send(name, tasks):
    task = importlib.import_module(f"tests.load.{name}").nothing
    task.apply_async(queue=PARKED)  # connects
    began = time.perf_counter()
    for _ in range(tasks - 1):
        task.apply_async(queue=PARKED)
    return (tasks - 1) / (time.perf_counter() - began)


if __name__ == "__main__":
    rate = send(sys.argv[1], int(sys.argv[2]))
    sys.stdout.write(f"\n{rate}\n")

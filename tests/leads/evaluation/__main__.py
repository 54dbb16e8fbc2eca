"""`make eval`: both halves, the whole curve, and what came of the fresh questions.

ARGS=-v tells each question that went wrong; ARGS=--keep makes these figures the baseline of CI.
"""

import contextlib
import json
import os
import sys

import django
import time_machine
from django.core.management import call_command

from tests.load import scratch


def main():
    with scratch.database("evaluation") as address, contextlib.ExitStack() as stack:
        os.environ["DATABASE_URL"] = address
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
        django.setup()
        from django.db import connection

        stack.callback(connection.close_pool)
        stack.callback(connection.close)
        call_command("migrate", verbosity=0)
        from tests.leads.evaluation import running

        with time_machine.travel(running.NOW, tick=True):
            running.load()
            reports = {half: running.ask(half) for half in running.HALVES}
            fresh = running.ask(running.FRESH)
        for half, report in reports.items():
            _tell(half, report, running.GOALS)
        share = running.share(not one.answers for one in fresh.asked)
        sys.stdout.write(
            f"\nfresh: {len(fresh.asked)} questions\n  abstains: other        {share:.3f}\n"
        )
        if "--keep" in sys.argv:
            figures = {half: report.figures() for half, report in reports.items()}
            running.BASELINE.write_text(json.dumps(figures, indent=2) + "\n")


def _tell(half, report, goals):
    sys.stdout.write(f"\n{half}: {len(report.asked)} questions\n")
    for name, share in report.figures().items():
        goal = f" (goal ≥ {goals[name]:.2f})" if name in goals else ""
        sys.stdout.write(f"  {name:22} {share:.3f}{goal}\n")
    sys.stdout.write("  threshold  answers  near  other\n")
    for line in report.curve([step / 100 for step in range(20, 85, 5)]):
        sys.stdout.write("  {:9.2f}  {:7.2f}  {:4.2f}  {:5.2f}\n".format(*line))
    if "-v" in sys.argv:
        for one in report.asked:
            if one.is_wrong:
                sys.stdout.write(
                    f"  {one.kind:10} {one.confidence:.3f} {one.coverage:.2f} "
                    f"{one.passage_place or '-'} {one.question} → {one.first}\n"
                )


main()

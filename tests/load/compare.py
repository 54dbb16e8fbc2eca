"""Interleaved rounds of two requests, and what is said about them."""

import statistics
from dataclasses import dataclass

from tests.load import client, cpu

ROUNDS = 5
REQUESTS = 600
CLIENTS = 4
WARM_UP = 60


@dataclass
class Figure:
    """One line of the report."""

    name: str
    value: float
    goal: float | None
    detail: str
    at_least: bool = False

    def __str__(self):
        if self.goal is None:
            return f"| {self.name} | {self.value:.3g} | reported | | {self.detail} |"
        met = self.value >= self.goal if self.at_least else self.value <= self.goal
        goal = f"{'≥' if self.at_least else '≤'} {self.goal:g}"
        met = "met" if met else "**short**"
        return f"| {self.name} | {self.value:.3g} | {goal} | {met} | {self.detail} |"


def spread(values, unit=""):
    """Median and, in brackets, the least and the most."""
    return f"{statistics.median(values):.3g}{unit} ({min(values):.3g}–{max(values):.3g})"


def cpu_ratio(name, goal, site, ours, reference):
    """Compare the processor time of two requests."""
    meter = cpu.Meter(site.pid, site.database_url, site.redis)
    costs = {ours.path: [], reference.path: []}
    for request in (ours, reference):
        client.send(site.port, [request] * WARM_UP)
    for _ in range(ROUNDS):
        for request in (ours, reference):
            before = meter.seconds()
            client.send_at_once(site.port, [request] * REQUESTS, CLIENTS)
            costs[request.path].append((meter.seconds() - before) / REQUESTS * 1000)
    ratios = [ours / theirs for ours, theirs in zip(*costs.values(), strict=True)]
    detail = " against ".join(spread(values, " ms") for values in costs.values())
    return Figure(name, statistics.median(ratios), goal, f"{detail} of CPU; ratio {spread(ratios)}")


def time_ratio(name, goal, ours, reference, *, rounds=ROUNDS):
    """Compare how long two things take; each is called and says its milliseconds."""
    times = {"ours": [], "reference": []}
    for _ in range(rounds):
        times["ours"].append(ours())
        times["reference"].append(reference())
    ratios = [mine / theirs for mine, theirs in zip(*times.values(), strict=True)]
    detail = " against ".join(spread(values, " ms") for values in times.values())
    return Figure(name, statistics.median(ratios), goal, f"{detail}; ratio {spread(ratios)}")

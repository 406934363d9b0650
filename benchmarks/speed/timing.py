"""Interleaved rounds: in each round every contestant of a cell is timed once, each in its own process, in turn.

What a machine does beside, and how warm it is, then hits all alike; ratios are taken within rounds, and of them, as of
times, the median. Who goes first moves from round to round. Python's garbage collector is off.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.speed.peers import Contestant
from benchmarks.speed.peers.contestant import EAGER, LIMIT, LINEAR_EAGER
from benchmarks.speed.shapes import Cell
from benchmarks.speed.workers import Workers

ROUNDS = (5, 31)  # at least, at most
#: how far results may be apart: of the loss, and of the gradient's largest entry
TOLERANCE = {"float64": 1e-6, "float32": 1e-3, "bfloat16": 0.1}


@dataclass
class Timed:
    """What a cell gave: seconds a call, one a round, of each contestant; and why others have none."""

    cell: Cell
    samples: dict[str, list[float]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def median(self, name: str) -> float:
        return statistics.median(self.samples[name])

    def ratio(self, name: str, other: str) -> float:
        """How many times as long ``other`` takes: the median over rounds."""
        pairs = zip(self.samples[name], self.samples[other], strict=True)
        return statistics.median(theirs / own for own, theirs in pairs)


def measure(
    cell: Cell, contestants: Sequence[Contestant], workers: Workers, seconds: float, rounds: tuple[int, int] = ROUNDS
) -> Timed:
    """Prepare, compare and time all who take part in a cell, for about ``seconds``."""
    timed, ready, answers = Timed(cell), [], {}
    for contestant in contestants:
        answer = workers.setup(contestant, cell)
        if "seconds" in answer:
            ready.append(contestant)
            answers[contestant.name] = answer
        else:
            timed.absent[contestant.name] = answer.get("missing") or answer["failed"]
    for name, reason in disagreeing(ready, answers, TOLERANCE[cell.dtype]).items():
        timed.absent[name] = reason
    ready = [c for c in ready if c.name not in timed.absent]
    _rounds(timed, ready, workers.time, seconds, rounds)
    workers.drop()
    return timed


def _rounds(
    timed: Timed,
    ready: list[Contestant],
    sample: Callable[[Contestant], dict[str, Any]],
    seconds: float,
    rounds: tuple[int, int],
) -> None:
    end = time.perf_counter() + seconds
    for turn in range(rounds[1]):
        if turn >= rounds[0] and time.perf_counter() > end:
            break
        first = turn % max(1, len(ready))
        for contestant in ready[first:] + ready[:first]:
            answer = sample(contestant)
            if "seconds" in answer:
                timed.samples.setdefault(contestant.name, []).append(answer["seconds"])
            else:  # it worked before: it leaves the cell, with what it says
                timed.absent[contestant.name] = answer.get("failed", "no sample")
                timed.samples.pop(contestant.name, None)
        ready[:] = [c for c in ready if c.name not in timed.absent]


def disagreeing(ready: Sequence[Contestant], answers: dict[str, dict[str, Any]], tolerance: float) -> dict[str, str]:
    """Who computes something else than PyTorch's eager code, or than the first if that is not there: nobody's time
    counts who is fast and wrong."""
    judged = [c.name for c in ready if c.kind != LIMIT]
    if not judged:
        return {}
    judge = next((n for n in (EAGER, LINEAR_EAGER) if n in judged), judged[0])
    loss, gradient = answers[judge]["loss"], answers[judge]["gradient"]
    largest = max(map(abs, gradient))
    wrong = {}
    for name in judged:
        loss_error = abs(answers[name]["loss"] - loss) / abs(loss)
        error = max(abs(a - b) for a, b in zip(answers[name]["gradient"], gradient, strict=True)) / largest
        if not max(loss_error, error) <= tolerance:
            wrong[name] = f"wrong result: off {judge} by {loss_error:.1e} in loss, {error:.1e} in gradient"
    return wrong


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The power of the size that time grows with: the slope of a line fitted to logarithms."""
    if len(set(sizes)) < 2:
        raise ValueError(f"sizes: {sorted(set(sizes))}; allowed: two different ones or more")
    x, y = [math.log(s) for s in sizes], [math.log(s) for s in seconds]
    return statistics.linear_regression(x, y).slope

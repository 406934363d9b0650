"""A process that holds contestants of one kind and times one call of one of them when it is asked to.

    python -m benchmarks.speed.worker THREADS

Each kind of library has a process of its own, so that no thread pool spins into another's time and each has the
settings it needs; they live as long as the run, and take turns. Requests and answers are lines of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from typing import Any

from benchmarks.speed.data import Data
from benchmarks.speed.memory import peak_of
from benchmarks.speed.peers import CONTESTANTS, Missing
from benchmarks.speed.peers.contestant import LIMIT, Contestant, Run
from benchmarks.speed.shapes import Cell

SAMPLE = 2e-3  # seconds that a sample lasts at least: shorter calls are repeated
BRIEF = 0.05  # seconds; a call before each sample wakes threads and fills caches, and longer ones do it themselves


@dataclass
class Prepared:
    run: Run
    seconds: float
    loops: int


class Worker:
    """What the process holds: the data of a cell, and its contestants' prepared calls."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.data: Data | None = None
        self.prepared: dict[str, Prepared] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks; what fails is said in words, so that the run goes on without it."""
        try:
            return getattr(self, request.pop("do"))(**request)
        except Missing as error:
            return {"missing": str(error)}
        except Exception as error:
            traceback.print_exc()
            return {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}

    def setup(self, cell: dict[str, Any], name: str) -> dict[str, Any]:
        """Prepare a contestant for a cell: its loss, its gradient here and there, and how long it takes."""
        if self.data is None or self.data.cell != Cell(**cell):
            self.prepared.clear()
            self.data = Data(Cell(**cell), self.threads)
        contestant = _named(name)
        start = time.perf_counter()
        run = contestant.build(self.data)
        loss, gradient = run()
        first = time.perf_counter() - start
        answer = {"first": first, **_probe(contestant, self.data, loss, gradient)}
        del loss, gradient
        start = time.perf_counter()
        run()
        seconds = time.perf_counter() - start
        if seconds < SAMPLE:
            loops = 1 + int(SAMPLE / seconds)
            seconds = min(_timed(run, loops) for _ in range(3))
        self.prepared[name] = Prepared(run, seconds, 1 + int(SAMPLE / seconds))
        return answer | {"seconds": seconds}

    def time(self, name: str) -> dict[str, Any]:
        """Seconds a call, of one sample."""
        prepared = self.prepared[name]
        if prepared.seconds < BRIEF:
            _timed(prepared.run, 1 + prepared.loops // 10)
        return {"seconds": _timed(prepared.run, prepared.loops)}

    def drop(self) -> dict[str, Any]:
        """Forget the cell."""
        self.prepared.clear()
        self.data = None
        gc.collect()
        return {}

    def memory(self, cell: dict[str, Any], name: str) -> dict[str, Any]:
        """Bytes that a call needs beyond what is there before it."""
        contestant, asked = _named(name), Cell(**cell)
        if not contestant.compiles:  # imports and thread pools are not the call's; kept work space is
            tiny = Cell(asked.section, asked.loss, 4, 64, asked.dtype, asked.features and 64)
            contestant.build(Data(tiny, self.threads))()
        run = contestant.build(Data(asked, self.threads))
        if contestant.compiles:
            run()
        return {"bytes": peak_of(run)}


def _named(name: str) -> Contestant:
    return next(c for c in CONTESTANTS if c.name == name)


def _timed(run: Run, loops: int) -> float:
    start = time.perf_counter()
    for _ in range(loops):
        run()
    return (time.perf_counter() - start) / loops


def _probe(contestant: Contestant, data: Data, loss: Any, gradient: Any) -> dict[str, Any]:
    """Loss and a few entries of the gradient of the mean, to be compared with those of others."""
    if contestant.kind == LIMIT:
        return {"loss": None, "gradient": None}
    scale = 1 / data.cell.rows if contestant.sums else 1.0
    return {"loss": float(loss), "gradient": [scale * float(gradient[i, j]) for i, j in data.probed]}


def main() -> None:
    threads = int(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):  # what takes its number of threads from the processors, as JAX does
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])
    # Libraries print as they like: only answers go where answers are read.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    gc.disable()
    worker = Worker(threads)
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=answers)


if __name__ == "__main__":
    main()

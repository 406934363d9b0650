"""The processes from outside: one a kind of contestant, started when first asked, ended when the run ends."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from benchmarks.speed.peers import Contestant
from benchmarks.speed.shapes import Cell

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 180.0  # seconds for one answer; a compiler may take long on a busy machine


def environment(contestant: Contestant, threads: int) -> dict[str, str]:
    """The settings that make every library use as many threads."""
    counts = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    return {
        **os.environ,
        **{f"{library}_NUM_THREADS": str(threads) for library in counts},
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        **contestant.environment,
    }


class Process:
    """One worker. Its words go to a file, of which the end is shown if it dies."""

    def __init__(self, environment: dict[str, str], threads: int) -> None:
        self._words = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 closed by end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.worker", str(threads)],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
            bufsize=1,
            start_new_session=True,  # Ctrl-C is for the run, which ends its processes itself
        )
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer; ``{"failed": ...}`` if the process died or took too long, and it is not asked again then."""
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            line = self._answers.get(timeout=PATIENCE)
        except BrokenPipeError:
            line = ""
        except queue.Empty:
            self.end()
            return {"failed": f"no answer within {PATIENCE:.0f} s"}
        if not line:
            status, words = self._process.wait(), self._last_words()
            return {"failed": f"its process ended, status {status}: {words}"}
        return json.loads(line)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdout, self._words):
            pipe.close()
        with contextlib.suppress(BrokenPipeError):  # a last line that nobody will read
            self._process.stdin.close()

    def _last_words(self) -> str:
        self._words.seek(0)
        lines = [line.strip() for line in self._words.read().splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"


class Workers:
    """All processes of a run; a context manager that ends them."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._processes: dict[str, Process] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.end()

    def setup(self, contestant: Contestant, cell: Cell) -> dict[str, Any]:
        return self._of(contestant).ask(do="setup", cell=vars(cell), name=contestant.name)

    def time(self, contestant: Contestant) -> dict[str, Any]:
        return self._of(contestant).ask(do="time", name=contestant.name)

    def drop(self) -> None:
        """Let every process forget the cell that it holds."""
        for process in self._processes.values():
            if process.alive:
                process.ask(do="drop")

    def memory(self, contestant: Contestant, cell: Cell) -> dict[str, Any]:
        """Peak memory, in a process that did nothing before and does nothing after."""
        fresh = Process(environment(contestant, self.threads), self.threads)
        try:
            return fresh.ask(do="memory", cell=vars(cell), name=contestant.name)
        finally:
            fresh.end()

    def _of(self, contestant: Contestant) -> Process:
        process = self._processes.get(contestant.process)
        if process is None or not process.alive:
            process = Process(environment(contestant, self.threads), self.threads)
            self._processes[contestant.process] = process
        return process

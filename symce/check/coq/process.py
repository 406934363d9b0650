"""A program run with limits on time and memory, in a group of processes of its own that is ended as a whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: address space that one process may use, in MiB; what a certificate needs is 1 GiB
MEMORY = 6 * 1024


@dataclass(frozen=True)
class Done:
    """How a program ended. ``ended`` says why it was stopped from outside, and is empty otherwise."""

    status: int
    out: str
    err: str
    seconds: float
    ended: str = ""


class Runner:
    """Runs programs, from several threads, until it is told to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: set[subprocess.Popen[str]] = set()
        self._stopped = threading.Event()

    def run(self, command: Sequence[str], folder: Path, limit: float, environment: Mapping[str, str]) -> Done:
        """Run a command in a folder, for at most ``limit`` seconds. Raises OSError where it cannot be started."""
        start = time.monotonic()
        with self._lock:
            if self._stopped.is_set():
                return Done(-1, "", "", 0.0, "it was interrupted")
            process = subprocess.Popen(
                _limited(command, limit),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # a group of its own: a terminal's Ctrl-C comes to us, and we end the group
            )
            self._live.add(process)
        ended = ""
        try:
            try:
                out, err = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                ended = f"it took longer than {limit:.0f} s"
                end(process)
                out, err = process.communicate()
        finally:
            end(process)  # if this thread was interrupted
            with self._lock:
                self._live.discard(process)
                if self._stopped.is_set():
                    ended = "it was interrupted"
        return Done(process.returncode, out, err, time.monotonic() - start, ended)

    def stop(self) -> None:
        """End all that runs; what is asked for from now on does not begin."""
        with self._lock:
            self._stopped.set()
            live = list(self._live)
        for process in live:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End a process that still runs and all of its group, at once."""
    if process.poll() is not None:
        return  # its number may be another's by now
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _limited(command: Sequence[str], limit: float) -> list[str]:
    """The command under limits that hold even if this process is killed: processor time, and memory."""
    shell = shutil.which("sh")
    if shell is None:
        return list(command)
    # a system that does not know a limit goes without it
    limits = f"ulimit -t {int(limit) + 1} 2>/dev/null; ulimit -v {MEMORY * 1024} 2>/dev/null; ulimit -c 0 2>/dev/null"
    return [shell, "-c", f'{limits}; exec "$@"', "sh", *command]

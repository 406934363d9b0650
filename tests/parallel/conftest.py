"""The results of four processes, which are started once for all tests, and by all workers of pytest together."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

PROCESSES = 4


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each process has found, by name."""
    place = tmp_path_factory.getbasetemp()
    place = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "processes"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            _run(place)
            (place / "done").touch()
    return [torch.load(place / f"{rank}.pt") for rank in range(PROCESSES)]


def _run(folder: Path) -> None:
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("worker.py"))]
    outputs = [(folder / f"{rank}.txt").open("w+") for rank in range(PROCESSES)]
    running = [
        subprocess.Popen([*command, str(rank), str(PROCESSES), str(folder)], stdout=output, stderr=subprocess.STDOUT)
        for rank, output in enumerate(outputs)
    ]
    try:
        codes = [process.wait(timeout=400) for process in running]
    finally:
        for process in running:
            process.kill()
        for output in outputs:
            output.close()
    said = [(folder / f"{rank}.txt").read_text() for rank in range(PROCESSES)]
    assert codes == [0] * PROCESSES, "\n".join(said)
    assert "".join(said) == ""

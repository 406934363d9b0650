"""Measurements in fresh processes, and the Markdown that the benchmarks print of them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent


def run(code: str, repeats: int) -> list[Any]:
    """What ``code`` prints, as JSON, in each of ``repeats`` new Python processes.

    One more run goes before, uncounted: it leaves the bytecode of what is imported, as any first use does. Raises
    RuntimeError with the process's own words if one fails.
    """
    results = []
    for _ in range(1 + repeats):
        done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"exit status {done.returncode} of: {code}\n{done.stderr or done.stdout}")
        results.append(json.loads(done.stdout))
    return results[1:]


def machine(*packages: str) -> str:
    """The processor, its cores, the system and the versions of Python and of packages, in one line."""
    parts = [_processor(), f"{os.cpu_count()} cores", f"{platform.system()} {platform.machine()}"]
    parts.append(f"Python {platform.python_version()}")
    for package in packages:
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            parts.append(f"no {package}")
    return ", ".join(parts)


def _processor() -> str:
    info = Path("/proc/cpuinfo")  # platform.processor() is empty on most Linux systems
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or "unknown processor"


@dataclass(frozen=True)
class Row:
    """One line of the table; ``met`` is None where there is no goal or nothing was measured."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None


def report(title: str, rows: Sequence[Row], about: Sequence[str]) -> int:
    """Print the table in Markdown; returns the exit status: 1 if a goal was missed."""
    print(f"## {title}\n")
    print("| what | measured | goal | |\n|---|---:|---:|---|")
    for row in rows:
        verdict = {None: "", True: "met", False: "**missed**"}[row.met]
        print(f"| {row.what} | {row.measured} | {row.goal} | {verdict} |")
    print()
    for line in about:
        print(line)
    return int(any(row.met is False for row in rows))

"""The machine that a run was made on, and what on it was at work meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.fresh import machine

PACKAGES = ("numpy", "torch", "scikit-learn", "jax", "jaxlib", "optax", "numba")
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def describe(threads: int) -> dict[str, str]:
    """What a reader needs to judge a time: processor, versions, settings, and the load before the run began."""
    return {
        "machine": machine(*PACKAGES),
        "memory": _memory(),
        "compiler": _compiler(),
        "threads": f"{threads}, for every contestant (OMP_NUM_THREADS and the like, and bound to as many processors)",
        "huge pages": HUGE_PAGES.read_text(encoding="ascii").strip() if HUGE_PAGES.exists() else "unknown",
        "load before the run": f"{os.getloadavg()[0]:.2f}",
    }


def busy(threads: int) -> bool:
    """Whether so much else runs that the medians will say more about it than about the contestants."""
    return os.getloadavg()[0] > max(0.5, (os.cpu_count() or 1) - threads + 0.5)


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (ValueError, OSError):
        return "unknown"


def compiler() -> str | None:
    """The C compiler that CC names, else one that is there."""
    return next(filter(None, map(shutil.which, (os.environ.get("CC") or "cc", "gcc", "clang"))), None)


def _compiler() -> str:
    found = compiler()
    if found is None:
        return "none"
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0] or found

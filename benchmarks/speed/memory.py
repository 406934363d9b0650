"""Peak memory of a call: what the process holds at most while it runs, beyond what it held before."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Callable
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_of(run: Callable[[], object]) -> int:
    """Bytes; what the call returns, and does not hand in, is part of it.

    Linux sets the high-water mark back on request; elsewhere it is that of the process, so that a call which stays
    below what the process once held counts as 0.
    """
    gc.collect()
    _trim()
    if CLEAR.exists():
        CLEAR.write_text("5", encoding="ascii")
        before = _status("VmRSS")
        result = run()
        peak = _status("VmHWM")
    else:
        before = _high_water()
        result = run()
        peak = _high_water()
    del result
    return max(0, peak - before)


def _status(field: str) -> int:
    for line in STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"{STATUS}: no {field}")


def _high_water() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _trim() -> None:
    """Hand freed memory back to the system: what malloc keeps of an earlier call would hide what this one takes."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return  # not glibc: nothing to trim

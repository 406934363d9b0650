"""What the first call of a native kernel costs: with an empty cache, where it compiles, and with a warm one."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.speed.workers import CHECKOUT

#: an ordinary kernel, and those with most code
KERNELS = ("cross_entropy", "focal", "sigmoid_focal")
WARM = 5  # processes

# The import is not the call: both are there before either is timed.
CALL = """
import importlib, json, sys, time
import numpy
name = sys.argv[1]
kernel = importlib.import_module(f"symce_kernels.native.{name}")
z = numpy.zeros((4, 10), "float32")
target = z if name == "sigmoid_focal" else numpy.zeros(4, "int64")
marks = [time.perf_counter()]
for _ in range(2):
    kernel.value_and_grad(z, target)
    marks.append(time.perf_counter())
print(json.dumps(2 * marks[1] - marks[0] - marks[2]))
"""


def measure() -> dict[str, float]:
    """Seconds that the first call takes beyond the second: of each kernel, "NAME, compiled" and "NAME, from the cache".

    Raises RuntimeError, with the process's last word, where there are no native kernels or no compiler.
    """
    found = {}
    for name in KERNELS:
        with tempfile.TemporaryDirectory() as cache:
            found[f"{name}, compiled"] = _first_call(name, cache)
            found[f"{name}, from the cache"] = statistics.median(_first_call(name, cache) for _ in range(WARM))
    return found


def _first_call(name: str, cache: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", CALL, name],
        cwd=CHECKOUT,
        env={**os.environ, "SYMCE_CACHE": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1])
    return json.loads(done.stdout)

"""What importing a generated NumPy kernel adds to ``import numpy``, in fresh processes.

    python benchmarks/import_time.py [--repeats N]

Prints a Markdown table; the exit status is 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from fresh import Row, machine, report, run

GOAL = 20.0  # milliseconds
STRANGERS = ("symce", "sympy", "torch", "jinja2")

IMPORT = """
import json, sys, time
start = time.perf_counter()
import numpy
numpy_there, before = time.perf_counter(), set(sys.modules)
import symce_kernels.numpy.cross_entropy
end = time.perf_counter()
print(json.dumps({
    "numpy": 1e3 * (numpy_there - start), "kernel": 1e3 * (end - numpy_there),
    "added": sorted(set(sys.modules) - before), "packages": sorted({m.partition(".")[0] for m in sys.modules}),
}))
"""


def milliseconds(samples: list[float]) -> str:
    """The median and the range."""
    return f"{statistics.median(samples):.1f} ms ({min(samples):.1f} to {max(samples):.1f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="processes, at least 1 (default 15)")
    repeats = parser.parse_args().repeats
    if repeats < 1:
        parser.error(f"--repeats: {repeats}; allowed: an integer >= 1")

    samples = run(IMPORT, repeats)
    kernel = [s["kernel"] for s in samples]
    strangers = sorted({p for s in samples for p in s["packages"]} & set(STRANGERS))
    added = samples[0]["added"]
    rows = [
        Row("`import numpy`", milliseconds([s["numpy"] for s in samples])),
        Row(
            "`import symce_kernels.numpy.cross_entropy` after it",
            milliseconds(kernel),
            f"< {GOAL:g} ms",
            statistics.median(kernel) < GOAL,
        ),
        Row("modules that it adds", str(len(added))),
        Row(f"loaded of {', '.join(STRANGERS)}", ", ".join(strangers) or "none", "none", not strangers),
    ]
    about = [
        "Median (and range) over fresh processes, wall clock, after one uncounted run that leaves the bytecode.",
        f"Added: {', '.join(added)}.",
        machine("numpy"),
    ]
    return report("Time to import a kernel", rows, about)


if __name__ == "__main__":
    sys.exit(main())

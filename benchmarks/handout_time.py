"""How long a handout takes, in fresh processes: the chapter in every format, and one loss.

    python benchmarks/handout_time.py [--repeats N]

Prints a Markdown table; the exit status is 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

CHAPTER_GOAL = 60.0  # seconds, all formats
LATEX_SHARE = 0.5  # of the chapter's time, at most
LOSS_GOAL = 10.0  # seconds, all formats
LATEX = ("pdf", "slides")


def handout(*names: str) -> tuple[float, dict[str, float]]:
    """Seconds of a whole command in a fresh process and folder, and of each format."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "symce", "handout", *names, "--out", folder, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        return time.perf_counter() - start, json.loads(done.stdout)["seconds"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args(arguments).repeats
    rows, missed = [], False
    for what, names, goal in (("the chapter", (), CHAPTER_GOAL), ("focal loss", ("focal",), LOSS_GOAL)):
        runs = [handout(*names) for _ in range(repeats)]
        whole = statistics.median(total for total, _ in runs)
        parts = {form: statistics.median(seconds[form] for _, seconds in runs) for form in runs[0][1]}
        latex = sum(parts[form] for form in LATEX)
        missed |= whole > goal or (not names and latex > LATEX_SHARE * goal)
        told = ", ".join(f"{form} {seconds:.1f}" for form, seconds in parts.items())
        rows.append(f"| {what} | {whole:.1f} | {goal:.0f} | {latex:.1f} | {told} |")
    print("| handout | seconds | goal | LaTeX | each format |\n|---|---|---|---|---|")
    print("\n".join(rows))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

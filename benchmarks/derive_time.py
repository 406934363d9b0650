"""How long derivation takes, in fresh processes: the imports, the whole catalogue, each loss alone, the whole command.

    python benchmarks/derive_time.py [--repeats N]

Prints two Markdown tables; the exit status is 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
from collections.abc import Sequence

from fresh import Row, machine, report, run

CATALOGUE_GOAL = 3.0  # seconds after the imports, proofs of all losses and theorems
COMMAND_GOAL = 30.0  # seconds, verification included
LOSS_GOAL = 1.0  # seconds of one processor, any one loss: gradient, Hessian-vector product and linear layer

# After the imports every cache is empty still: the times are those of a first derivation.
STAGES = """
import json, time
marks = [time.perf_counter()]
from symce.derivation.derive import derive
from symce.kernel.build import kernel
from symce.losses import catalogue
from symce.theorems import chapters
losses = catalogue().values()
marks.append(time.perf_counter())
theorems = [proof for chapter in chapters().values() for proof in chapter]
derivations = [derive(loss) for loss in losses]
marks.append(time.perf_counter())
kernels = [kernel(derivation) for derivation in derivations]
marks.append(time.perf_counter())
proofs = theorems + [proof for derivation in derivations for proof in derivation.proofs]
print(json.dumps({
    "seconds": [end - start for start, end in zip(marks, marks[1:])],
    "losses": len(losses), "proofs": len(proofs), "steps": sum(len(proof.steps) for proof in proofs),
}))
"""

# Each loss in a process of its own, forked after the imports: none finds the caches that another has filled.
LOSSES = """
import json, multiprocessing, time
from symce.derivation.derive import derive
from symce.losses import catalogue
def cold(name):
    loss = catalogue()[name]
    start = time.process_time()
    derivation = derive(loss)
    end = time.process_time()
    return name, end - start, len(derivation.proofs), sum(len(proof.steps) for proof in derivation.proofs)
names = list(catalogue())
with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
    print(json.dumps(pool.map(cold, names, chunksize=1)))
"""

# Written to a folder of its own: the checkout is left as it is.
COMMAND = """
import json, subprocess, sys, tempfile, time
with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "symce", "derive", "--out", folder], capture_output=True, text=True)
    seconds = time.perf_counter() - start
if done.returncode:
    sys.exit(done.stdout + done.stderr)
print(json.dumps(seconds))
"""


def seconds(samples: Sequence[float]) -> str:
    """The median, and the range if there is more than one sample."""
    spread = f" ({min(samples):.2f} to {max(samples):.2f})" if len(samples) > 1 else ""
    return f"{statistics.median(samples):.2f} s{spread}"


def within(samples: Sequence[float], goal: float) -> bool:
    return statistics.median(samples) < goal


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="processes a measurement, at least 1 (default 5)")
    repeats = parser.parse_args().repeats
    if repeats < 1:
        parser.error(f"--repeats: {repeats}; allowed: an integer >= 1")

    stages = run(STAGES, repeats)
    imports, derivation, kernels = ([s["seconds"][n] for s in stages] for n in range(3))
    size = stages[0]
    rows = [
        Row("importing symce's derivation, SymPy with it", seconds(imports)),
        Row(
            f"deriving the catalogue: {size['losses']} losses, {size['proofs']} proofs, {size['steps']} steps",
            seconds(derivation),
            f"< {CATALOGUE_GOAL:g} s",
            within(derivation, CATALOGUE_GOAL),
        ),
        Row("lowering it to kernels", seconds(kernels)),
    ]
    command, goal = "`python -m symce derive`, verification included", f"< {COMMAND_GOAL:g} s"
    if importlib.util.find_spec("symce.__main__") is None:
        rows.append(Row(command, "not measured: this version of symce has no command line", goal))
    else:
        whole = run(COMMAND, min(repeats, 3))
        rows.append(Row(command, seconds(whole), goal, within(whole, COMMAND_GOAL)))
    about = [
        "Median (and range) over fresh processes, wall clock, after one uncounted run that leaves the bytecode.",
        machine("sympy", "numpy", "torch"),
    ]
    status = report("Time to derive", rows, about)
    print()
    return status | losses_alone(repeats)


def losses_alone(repeats: int) -> int:
    """Print the table of the losses one by one, slowest first; returns the exit status: 1 if a goal was missed."""
    measured = run(LOSSES, repeats)
    found = []
    for number, (name, _, proofs, steps) in enumerate(measured[0]):
        samples = [process[number][1] for process in measured]
        found.append((statistics.median(samples), name, proofs, steps, samples))
    rows = [
        Row(
            f"{name}: {proofs} proofs, {steps} steps",
            seconds(samples),
            f"< {LOSS_GOAL:g} s",
            within(samples, LOSS_GOAL),
        )
        for _, name, proofs, steps, samples in sorted(found, reverse=True)
    ]
    about = ["CPU time of gradient, Hessian-vector product and linear layer; every loss with empty caches."]
    return report("Time to derive one loss", rows, about)


if __name__ == "__main__":
    sys.exit(main())

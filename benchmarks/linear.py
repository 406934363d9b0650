"""A linear layer with cross-entropy, forward and backward: what it takes beside the three matrix products alone.

    python benchmarks/linear.py [--rows 2048] [--features 1024] [--classes 32000] [--rounds 7] [--only NAME ...]

Times are medians of rounds in which everything is run once, in turn; peaks of memory beyond what the arguments take are
those of a fresh process each. Exit status 1 if a goal is missed. Memory needs Linux.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from fresh import Row, machine, report, run
from torch.nn import functional

Call = Callable[[], Any]
Setup = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], Call]

#: goals: time beside the three products, and peak memory beside eager's
TIMES, PEAK = 1.1, 1 / 3


def products(x: torch.Tensor, W: torch.Tensor, target: torch.Tensor) -> Call:
    """The three products alone, into memory that is kept: nothing else, no page is new."""
    z, dx, dW = torch.empty(len(x), len(W)), torch.empty_like(x), torch.empty_like(W)

    def call() -> None:
        torch.mm(x, W.t(), out=z)
        torch.mm(z, W, out=dx)
        torch.mm(z.t(), x, out=dW)

    return call


def backward(loss_of: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]) -> Setup:
    """Loss and gradients in x and W, both fresh."""

    def setup(x: torch.Tensor, W: torch.Tensor, target: torch.Tensor) -> Call:
        leaves = [a.detach().requires_grad_() for a in (x, W)]

        def call() -> None:
            for a in leaves:
                a.grad = None
            loss_of(*leaves, target).backward()  # type: ignore[no-untyped-call]

        return call

    return setup


def eager(x: torch.Tensor, W: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(functional.linear(x, W), target)


def chunked(**options: Any) -> Setup:
    """PyTorch's own, by its options."""
    torch_function, given = functional.linear_cross_entropy, torch.nn.LinearCrossEntropyOptions(**options)
    return backward(lambda x, W, target: torch_function(x, W, target, options=given))


def symce_torch(memory: int | None = None) -> Setup:
    ours = import_module("symce_kernels.torch.linear").linear_cross_entropy
    return backward(lambda x, W, target: ours(x, W, None, target, memory=memory))


def symce_numpy(x: torch.Tensor, W: torch.Tensor, target: torch.Tensor) -> Call:
    ours = import_module("symce_kernels.numpy.linear").linear_cross_entropy
    arrays = [a.numpy() for a in (x, W, target)]
    return lambda: ours(*arrays[:2], None, arrays[2])


def peers() -> dict[str, Setup]:
    """Everything that is measured, by name, the three products first."""
    found: dict[str, Setup] = {
        "three products": products,
        "eager": backward(eager),
        "symce, PyTorch": symce_torch(),
        "symce, PyTorch, 16 MiB": symce_torch(2**24),
        "symce, NumPy": symce_numpy,
    }
    if hasattr(functional, "linear_cross_entropy"):
        found["F.linear_cross_entropy"] = chunked()
        for size in (256, 512, 1024):
            found[f"F.linear_cross_entropy, {size} rows"] = chunked(batch_chunk_size=size)
    return found


def arguments(rows: int, features: int, classes: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, W = (torch.randn(n, features, generator=generator) for n in (rows, classes))
    return x, W.div_(features**0.5), torch.randint(0, classes, (rows,), generator=generator)


def seconds(calls: Sequence[Call], rounds: int) -> list[float]:
    """Medians of the calls, taken in turn; one more round goes before, uncounted."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(1 + rounds):
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if number:
                taken.append(time.perf_counter() - start)
    return [statistics.median(t) for t in times]


def peak(name: str, shape: tuple[int, int, int], threads: int) -> int:
    """Bytes at most beyond what is there once the arguments are, of one call in a fresh process."""
    place = str(Path(__file__).parent)
    code = (
        f"import sys; sys.path.insert(0, {place!r}); import linear; "
        f"print(linear.measured({name!r}, {shape!r}, {threads}))"
    )
    return int(run(code, 1)[0])


def measured(name: str, shape: tuple[int, int, int], threads: int) -> str:
    """What ``peak`` runs: a small call first, so that what libraries keep for themselves is not counted."""
    torch.set_num_threads(threads)
    setup = peers()[name]
    setup(*arguments(4, 8, 16))()
    call = setup(*arguments(*shape))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak so far is forgotten
    before = status("VmRSS")
    call()
    return json.dumps(status("VmHWM") - before)


def status(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {field}: peaks of memory are measured on Linux alone")


def main(
    rows: int = 2048,
    features: int = 1024,
    classes: int = 32_000,
    rounds: int = 7,
    threads: int = os.cpu_count() or 1,
    only: Annotated[list[str] | None, typer.Option()] = None,
    memory: bool = True,
) -> None:
    """Print a Markdown table: seconds, the ratio to the three products, peak memory and its ratio to eager's."""
    torch.set_num_threads(threads)
    shape = (rows, features, classes)
    setups = {n: s for n, s in peers().items() if not only or n in ("three products", "eager", *only)}
    if not hasattr(functional, "linear_cross_entropy"):
        print("F.linear_cross_entropy: this PyTorch does not have it", file=sys.stderr)
    given = arguments(*shape)
    names = list(setups)
    times = dict(zip(names, seconds([s(*given) for s in setups.values()], rounds), strict=True))
    peaks = {n: peak(n, shape, threads) for n in names[1:]} if memory else {}
    best = min((t for n, t in times.items() if n.startswith("F.")), default=np.inf)
    table = []
    for name in names:
        ours = name == "symce, PyTorch"
        ratio = times[name] / times["three products"]
        used = f", +{peaks[name] / 2**20:.0f} MiB" if name in peaks else ""
        met = None
        if ours:
            met = ratio <= TIMES and times[name] < best and (not peaks or peaks[name] <= PEAK * peaks["eager"])
        goal = f"{TIMES} times, 1/3 of eager's memory, faster than F." if ours else ""
        table.append(Row(name, f"{times[name]:.2f} s, {ratio:.2f} times{used}", goal, met))
    title = f"Linear layer and cross-entropy: x {rows:,} x {features:,}, W {classes:,} x {features:,}, float32"
    sys.exit(report(title, table, [f"{machine('torch', 'numpy')}; {threads} threads; medians of {rounds} rounds."]))


if __name__ == "__main__":
    typer.run(main)

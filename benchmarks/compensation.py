"""What exactness costs: each kernel beside itself with the rounding errors of the shift not made up for.

    python benchmarks/compensation.py [NAME ...] [--dtype float32]

Value and gradient, in one process, the two taken in turn, medians. The uncompensated form is the same module with 2**64
exp of the rounded difference, or quotient. Needs PyTorch.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import numpy as np
import torch
import typer

from symce.losses import catalogue

PACKAGE = Path(__file__).parents[1] / "generated" / "symce_kernels"
SHAPES = ((65_536, 10), (8_192, 1_000), (1_024, 32_000))
LIFT = 2.0**64


def load(target: str, name: str, tag: str) -> ModuleType:
    """A module of its own for each form, so that one may be changed."""
    spec = importlib.util.spec_from_file_location(f"{target}_{name}_{tag}", PACKAGE / target / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def uncompensate(module: ModuleType, exp: Callable[[Any], Any]) -> None:
    module._exp_difference = lambda a, b: exp(a - b) * LIFT  # type: ignore[attr-defined]
    module._exp_quotient = lambda a, b, t: exp((a - b) / t) * LIFT  # type: ignore[attr-defined]


def medians(calls: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Milliseconds a call, the calls taken in turn."""
    times: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            taken.append(1e3 * (time.perf_counter() - start))
    return [sorted(t)[len(t) // 2] for t in times]


def numpy_call(module: ModuleType, z: Any, target: Any) -> Callable[[], Any]:
    return lambda: module.value_and_grad(z, *target)


def torch_call(function: Any, z: Any, target: Any) -> Callable[[], Any]:
    def call() -> None:
        function(z.detach().requires_grad_(), *target).backward()

    return call


def main(
    names: Annotated[list[str] | None, typer.Argument()] = None,
    dtype: str = "float32",
    rounds: int = 11,
) -> None:
    """Print a Markdown table: milliseconds, and the ratio to the uncompensated form."""
    print(f"| loss | N x K | NumPy, {dtype} | ratio | PyTorch, {dtype} | ratio |")
    print("|---|---|---:|---:|---:|---:|")
    for name in names or ["cross_entropy", "focal", "softmax_entropy", "temperature_cross_entropy"]:
        loss = catalogue()[name]
        for n, k in SHAPES:
            rng = np.random.default_rng(0)
            z = rng.normal(size=(n, k)).astype(dtype)
            target = () if loss.target == "none" else (rng.integers(0, k, n),)
            exact, plain = load("numpy", name, "exact"), load("numpy", name, "plain")
            uncompensate(plain, np.exp)
            times = medians([numpy_call(m, z, target) for m in (exact, plain)], rounds)
            exact, plain = load("torch", name, "exact"), load("torch", name, "plain")
            uncompensate(plain, torch.exp)
            given = (torch.tensor(z), tuple(torch.tensor(t) for t in target))
            times += medians([torch_call(getattr(m, name), *given) for m in (exact, plain)], rounds)
            a, b, c, d = times
            print(f"| {name} | {n:,} x {k:,} | {a:.1f} | {a / b:.2f} | {c:.1f} | {c / d:.2f} |", flush=True)


if __name__ == "__main__":
    typer.run(main)

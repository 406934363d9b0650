"""How exact are the kernels? Each entry of each result against the exact one, in ulps, regime by regime.

accuracy([loss], Path("generated")) -> AccuracyReport

What is exact the oracle says, from the statement alone; what must hold is in ``symce.verify.promises``. PyTorch's own
functions get the same rows.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from symce.losses.loss import Loss
from symce.verify.accuracy_report import AccuracyReport, joined
from symce.verify.blocks import Block, blocks, given_settings
from symce.verify.calls import WrongCall, call
from symce.verify.case import Array, Case
from symce.verify.checks import entries_or_error
from symce.verify.exact import Outputs, outputs
from symce.verify.judge import DTYPES, Judge
from symce.verify.kernels import TARGETS
from symce.verify.modules import OF_ARRAYS, Generated, load, package_folder, torch_installed
from symce.verify.peers import peer
from symce.verify.regimes import REGIMES

FORMS = ("index", "dense", "none")
HALF = ("float16", "bfloat16")
SIZES = (3, 10, 2)
THOROUGH_SIZES = (*SIZES, 1_000, 32_000)


@dataclass(frozen=True)
class Plan:
    """What is measured: kernels of these targets, dtypes, numbers of classes, forms of target and regimes.

    ``thorough``: each row meets each setting of the parameters and targets of each kind.
    """

    targets: Sequence[str] = TARGETS
    dtypes: Sequence[str] = DTYPES
    sizes: Sequence[int] = SIZES
    forms: Sequence[str] = FORMS
    regimes: Sequence[str] = REGIMES
    thorough: bool = False

    @classmethod
    def of(cls, targets: Sequence[str], thorough: bool) -> Plan:
        """The whole of it, for these targets; ``thorough``: thousands of classes too."""
        return cls(targets, sizes=THOROUGH_SIZES if thorough else SIZES, thorough=thorough)


class Other(Protocol):
    """Another implementation of a loss."""

    @property
    def name(self) -> str:
        """How reports call it."""
        ...

    def run(self, case: Case) -> tuple[Array, Array] | None:
        """Losses (N,), or (N, K) of one term a class each, and their gradient (N, K); None: it has no such call."""
        ...


@dataclass
class _Measurement:
    """The kernels of a loss and other implementations of it, and what was found of them."""

    loss: Loss
    root: Path
    plan: Plan
    others: Sequence[Other]
    judge: Judge = field(default_factory=Judge)
    notes: dict[str, None] = field(default_factory=dict)
    rows: int = 0

    def run(self) -> AccuracyReport:
        kernels = list(self.kernels())
        if kernels:
            accepted = sorted(set.intersection(*(set(kernel.options) for kernel in kernels)))
            per_entry = entries_or_error(kernels[0])
            for block in self.blocks([f for f in kernels[0].forms if f in self.plan.forms], accepted):
                self.block(block, kernels, per_entry)
        return AccuracyReport(self.judge.report(), tuple(self.notes), rows=self.rows)

    def kernels(self) -> Iterator[Generated]:
        """The kernels that can be loaded, all with losses of the same shape: one a row, or one an entry."""
        entries: bool | None = None
        for target in self.plan.targets:
            if target == "torch" and not torch_installed():
                self.notes["PyTorch is not installed: its kernels and its own functions are not measured"] = None
                continue
            try:
                kernel = load(self.root, target, self.loss)
                per_entry = entries_or_error(kernel)
                if entries not in (None, per_entry):
                    raise WrongCall(f"losses one {'an entry' if per_entry else 'a row'}, unlike the other target's")
            except Exception as error:
                self.judge.unusable(self.loss.name, target, f"{type(error).__name__}: {error}")
                continue
            entries = per_entry
            yield kernel

    def blocks(self, forms: Sequence[str], accepted: Sequence[str]) -> Iterator[Block]:
        plan = self.plan
        for dtype in plan.dtypes:
            # half precision is the same arithmetic for any number of classes: rows of one number do
            for size in plan.sizes[:1] if dtype in HALF else plan.sizes:
                settings = given_settings(self.loss, dtype, size, accepted)
                for form in forms:
                    yield from blocks(
                        self.loss, dtype, size, form, settings, thorough=plan.thorough, regimes=plan.regimes
                    )

    def block(self, block: Block, kernels: Sequence[Generated], per_entry: bool) -> None:
        """All implementations on one block."""
        case = block.case()
        exact: list[Outputs | None] = []
        for row in block.rows:
            right = outputs(block, row, per_entry=per_entry)
            if isinstance(right, str):
                self.notes[f"{self.loss.name}, {block.dtype}, {row.label}: left out: {right}"] = None
            exact.append(None if isinstance(right, str) else right)
        self.rows += sum(right is not None for right in exact)
        for kernel in kernels:
            if block.dtype == "bfloat16" and kernel.target in OF_ARRAYS:
                continue
            for precision, given in precisions(kernel, case):
                try:
                    results = {q: a for q, _, a in call(kernel, given, per_entry=per_entry).results}
                except Exception as error:
                    self.judge.failed(block, kernel.target, precision, f"{type(error).__name__}: {error}")
                    continue
                self.judge.add(block, kernel.target, precision, results, exact)
        for other in self.others:
            found = other.run(case)
            if found is not None:
                self.judge.add(block, other.name, "", dict(zip(("value", "gradient"), found, strict=True)), exact)


def precisions(kernel: Generated, case: Case) -> Iterator[tuple[str, Case]]:
    """The precisions that a kernel computes a call in, as promises name them, with the call."""
    yield ("half" if case.dtype in HALF else "native"), case
    if case.dtype == "float32" and kernel.accepts("precision"):
        yield "wide", replace(case, precision="wide")


def measure(loss: Loss, package_root: Path, plan: Plan, others: Sequence[Other] | None = None) -> AccuracyReport:
    """The accuracy of the kernels of one loss, in this process; ``others`` get the same rows, None: PyTorch's own."""
    if others is None:
        own = peer(loss) if torch_installed() else None
        others = [] if own is None else [own]
    return _Measurement(loss, package_root, plan, others).run()


def accuracy(
    losses: Sequence[Loss], package_root: Path, plan: Plan | None = None, *, workers: int | None = None
) -> AccuracyReport:
    """Measure the kernels of the losses under ``package_root`` (the folder ``symce_kernels``, or the one it lies in).

    ``workers``: in so many processes; None: one a core. The kernels themselves are run.

    Raises LoadError where there is no package at all, ValueError for an unknown target, dtype, form or regime. A kernel
    that is missing or raises is a failure of the report.
    """
    return joined(list(each(losses, package_root, plan or Plan(), workers=workers)))


def each(
    losses: Sequence[Loss], package_root: Path, plan: Plan, *, workers: int | None = None
) -> Iterator[AccuracyReport]:
    """``accuracy`` of one loss after the other, in their order; raises as it does, before the first."""
    for name, given, allowed in (
        ("targets", plan.targets, TARGETS),
        ("dtypes", plan.dtypes, DTYPES),
        ("forms", plan.forms, FORMS),
        ("regimes", plan.regimes, REGIMES),
    ):
        unknown = [x for x in given if x not in allowed]
        if unknown:
            raise ValueError(f"{name}: {unknown[0]!r}; allowed: {', '.join(allowed)}")
    package_folder(package_root)
    return _each(losses, package_root, plan, min(len(losses), workers or os.cpu_count() or 1))


def _each(losses: Sequence[Loss], root: Path, plan: Plan, workers: int) -> Iterator[AccuracyReport]:
    if workers <= 1:
        yield from (measure(loss, root, plan) for loss in losses)
        return
    # not forked: PyTorch's threads would not survive it
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_one_thread) as pool:
        yield from pool.map(partial(measure, package_root=root, plan=plan), losses)


def _one_thread() -> None:
    """Each process on one core; sums of few numbers gain nothing from threads."""
    if torch_installed():
        import torch

        torch.set_num_threads(1)

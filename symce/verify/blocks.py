"""The calls that accuracy is measured on: rows of all regimes, with targets of every kind, that share options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symce.losses.loss import Loss
from symce.verify.case import Array, Case, rounded
from symce.verify.goals import Goal, Setting, goal, kinds, settings
from symce.verify.regimes import REGIMES, Logits, draws
from symce.verify.structure import has_kinks

#: from this many classes on, a regime has one row, with a target of one kind; from VAST on few have, in float32 alone
MANY = 100
VAST = 10_000
OF_VAST = ("ordinary", "margin 300")
#: up to this many kinds of targets, and at SMALL classes, a row meets all of them; else every other kind
FEW = 4
SMALL = 3
#: how reports call the regimes, in their order
LABELS = tuple(
    label
    for regime in REGIMES
    for label in (
        [f"{how} {regime.split()[1]}" for how in ("right by", "wrong by", "margin")]
        if regime.startswith("margin")
        else [regime]
    )
)


@dataclass(frozen=True)
class Row:
    """One row: logits (K,) and v (K,) in float64, numbers of the dtype; ``label`` is how reports call its regime."""

    regime: str
    label: str
    logits: Array
    goal: Goal
    v: Array


@dataclass(frozen=True)
class Block:
    """Rows of one call: they share dtype, number of classes, form of target ("index", "dense", "none") and options."""

    loss: Loss
    dtype: str
    size: int
    form: str
    setting: Setting
    rows: tuple[Row, ...]

    def case(self) -> Case:
        """The call, with losses one a row and a cotangent of ones."""
        target: Array | None = None
        if self.form == "index":
            target = np.array([row.goal.target for row in self.rows])
        elif self.form == "dense":
            target = self._array([row.goal.target for row in self.rows])
        names = [p.name for p in self.loss.params if p.shape == "NxK"]
        of_rows = {name: self._array([row.goal.of_rows[name] for row in self.rows]) for name in names}
        return Case(
            size=self.size,
            batch=(len(self.rows),),
            axis=-1,
            dtype=self.dtype,
            form=self.form,
            reduction="none",
            logits=self._array([row.logits for row in self.rows]),
            target=target,
            v=self._array([row.v for row in self.rows]),
            cotangent=self._array(np.ones((len(self.rows), self.size))),
            params={**self.setting.params, **of_rows},
            weight=self.setting.weight,
            label_smoothing=self.setting.label_smoothing,
        )

    def _array(self, numbers: Any) -> Array:
        return rounded(np.asarray(numbers), self.dtype)


def blocks(
    loss: Loss, dtype: str, size: int, form: str, every: Sequence[Setting], *, thorough: bool, regimes: Sequence[str]
) -> Iterator[Block]:
    """The rows of a loss for a dtype and a number of classes, by setting.

    The defaults meet every row at SMALL classes, other settings come in turn; ``thorough``: each meets every row.
    """
    rows: list[list[Row]] = [[] for _ in every]
    if size >= VAST:
        regimes = [r for r in regimes if r in OF_VAST and dtype == "float32"]
    number, met = 0, set()
    all_settings = thorough and size < MANY
    drawn = draws(
        dtype,
        size,
        labels=loss.target == "multilabel",
        distinct=has_kinks(loss),
        regimes=regimes,
    )
    for n, logits in enumerate(drawn):
        if size >= MANY and logits.regime in met:
            continue
        met.add(logits.regime)
        v = rounded(np.random.default_rng([n, size]).normal(size=size), dtype).astype(np.float64)
        for kind in _chosen(kinds(loss, form, logits.regime), n, size, thorough):
            aim = goal(loss, form, kind, logits, dtype)
            row = Row(logits.regime, _label(logits, aim, form), logits.row, aim, v)
            in_turn = (number + number // len(every)) % len(every)
            # the defaults meet every row at SMALL classes
            for place in range(len(every)) if all_settings else sorted({in_turn, 0 if size == SMALL else in_turn}):
                rows[place].append(row)
            number += 1
    for setting, own in zip(every, rows, strict=True):
        if own:
            yield Block(loss, dtype, size, form, setting, tuple(own))


def _chosen(every: tuple[str, ...], n: int, size: int, thorough: bool) -> tuple[str, ...]:
    """The kinds of targets that row n meets."""
    if size >= MANY:
        return (every[n % len(every)],)
    return every if thorough or size == SMALL or len(every) <= FEW else every[n % 2 :: 2]


def _label(logits: Logits, aim: Goal, form: str) -> str:
    """The regime; for a margin, whether the true class, or each label, is right or wrong by it."""
    kind, _, number = logits.regime.partition(" ")
    if kind != "margin" or not aim.hard or form == "none":
        return logits.regime
    z, margin = logits.row, float(number)
    if aim.kind in ("right", "wrong", "mixed"):
        leads = np.where(np.asarray(aim.target) == 1, z, -z)
    else:
        c = aim.target if form == "index" else int(np.argmax(aim.target))
        leads = np.array([z[c] - np.delete(z, c).max()])
    if (leads >= margin).all():
        return f"right by {number}"
    return f"wrong by {number}" if (leads <= -margin).all() else logits.regime


def given_settings(loss: Loss, dtype: str, size: int, accepts: Sequence[str]) -> list[Setting]:
    """The settings of a loss; weight and smoothing too where its kernel accepts these."""
    smoothing = "label_smoothing" in accepts and loss.target != "index"
    return list(settings(loss, size, dtype, weight="weight" in accepts, label_smoothing=smoothing))

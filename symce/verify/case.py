"""Cases: the arguments of one call of a kernel, made from a fixed seed, over the full product of its options."""

from __future__ import annotations

import itertools
import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symce.losses.loss import Loss, Param
from symce.verify.modules import Generated
from symce.verify.structure import has_kinks

Array = NDArray[Any]
REDUCTIONS = ("mean", "sum", "none")
#: bfloat16 exists in PyTorch alone; its arrays are float32 here, holding numbers that bfloat16 has
DTYPES = {
    "numpy": ("float64", "float32", "float16"),
    "torch": ("float64", "float32", "float16", "bfloat16"),
    "native": ("float64", "float32", "float16"),
}
#: each dtype in its own precision, and the narrow ones in the wide one
FORMATS = {
    target: (*((d, "native") for d in dtypes), *((d, "wide") for d in dtypes if d != "float64"))
    for target, dtypes in DTYPES.items()
}
SIZES = (3, 1, 5, 2, 10)
BATCHES: tuple[tuple[int, ...], ...] = ((4,), (2, 3), (1,), (), (2, 1, 2), (0,))
IGNORED = (-100, 1, 255)
#: cases of a kernel, that all of its few options meet every dtype and precision
FEWEST = 36
#: which rows count: all of them, not those of ignored targets, none
KEPT = ("all", "some", "none")


@dataclass(frozen=True)
class Case:
    """The arguments of one call. Arrays are rows: logits and v (N, K), a target (N,) of class indices or (N, K).

    ``batch`` is the shape that the N rows have; ``axis`` where NumPy's functions find the classes. Every number is one
    that ``dtype`` has, so that nothing is rounded on the way in; where the precision is "wide", targets, weights and
    arrays of parameters are float64. ``cotangent`` (N, K) or, where the loss is one number a row, its first column,
    flows into the losses of reduction="none"; its first entry into a reduced loss.
    """

    size: int
    batch: tuple[int, ...]
    axis: int
    dtype: str
    form: str
    reduction: str
    logits: Array
    target: Array | None
    v: Array
    cotangent: Array
    params: Mapping[str, Any] = field(default_factory=dict)
    weight: Any = None
    label_smoothing: float = 0.0
    ignore_index: int = -100
    normalizer: float | None = None
    precision: str = "native"
    on_empty: str = "nan"
    infinite: str = "nan"

    @property
    def rows(self) -> int:
        return len(self.logits)

    def options(self, accepted: Generated) -> dict[str, Any]:
        """The keyword arguments of the call, those that the function accepts; a default is left out."""
        given: dict[str, Any] = dict(self.params)
        if self.weight is not None:
            given["weight"] = self.weight
        if self.label_smoothing:
            given["label_smoothing"] = self.label_smoothing
        if accepted.accepts("ignore_index") and self.ignore_index != -100:
            given["ignore_index"] = self.ignore_index
        if self.normalizer is not None:
            given["normalizer"] = self.normalizer
        for name, default in (("precision", "native"), ("on_empty", "nan"), ("infinite", "nan")):
            if getattr(self, name) != default:
                given[name] = getattr(self, name)
        return {**given, "reduction": self.reduction}


def cases(kernel: Generated, sizes: Sequence[int], rounds: int) -> Iterator[Case]:
    """The full product of the kernel's options, with sizes, shapes, dtypes, precisions and kinds of logits in turn.

    ``rounds``: how often to go through the product; with several each option meets each size and dtype, for which a
    small product takes more of them. The same loss gives the same cases always.
    """
    weights = (False, True) if kernel.accepts("weight") else (False,)
    smoothing = (False, True) if kernel.accepts("label_smoothing") else (False,)
    formats = FORMATS[kernel.target]
    number = itertools.count()
    met: Counter[tuple[str, bool]] = Counter()
    product = [
        (form, reduction, weight, smooth, normal, kept)
        for form, reduction, weight, smooth, normal, kept in itertools.product(
            kernel.forms, REDUCTIONS, weights, smoothing, (False, True), KEPT
        )
        # of the last, it is the mean of nothing that is in question
        if kept == "all"
        or (kept == "some" and form == "index")
        or (kept == "none" and reduction == "mean" and not normal)
    ]
    if rounds > 1:
        rounds = max(rounds, math.ceil(FEWEST / len(product)))
    for turn in range(rounds):
        for form, reduction, weight, smooth, normal, kept in product:
            n = next(number)
            # periods that have no factor in common with one another or with the product, so that all combinations come
            rng = np.random.default_rng([zlib.crc32(kernel.loss.name.encode()), n])
            batch = BATCHES[int(rng.integers(len(BATCHES)))]
            # each reduction meets every format in turn, not counting where there is nothing to reduce
            regular = (reduction, kept != "none" and batch != (0,))
            nth = met[regular]
            met[regular] += 1
            dtype, precision = formats[(nth + nth // len(formats)) % len(formats)]
            yield draw(
                kernel.loss,
                rng,
                size=sizes[(n + turn) % len(sizes)],
                batch=batch,
                dtype=dtype,
                form=form,
                reduction=reduction,
                weight=weight,
                smooth=smooth,
                normal=normal,
                kept=kept,
                precision=precision,
                on_empty=("zero", "nan")[turn % 2],
            )


def draw(
    loss: Loss,
    rng: np.random.Generator,
    *,
    size: int,
    batch: tuple[int, ...],
    dtype: str,
    form: str,
    reduction: str,
    weight: bool = False,
    smooth: bool = False,
    normal: bool = False,
    kept: str = "all",
    precision: str = "native",
    on_empty: str = "nan",
) -> Case:
    """A case of random numbers: logits with ties or of some size, a target, parameters of their domains.

    ``kept``: of the rows, one of KEPT. Ignored rows hold NaN and infinite logits; where no row is kept of a target that
    has no ignored ones, there is none. A class has the weight 0 in one draw of four.
    """
    if kept == "none" and form != "index":
        batch = (0,)
    elif kept == "some" and np.prod(batch, dtype=int) < 2:
        batch = (4,)
    given = "float64" if precision == "wide" else dtype
    n = int(np.prod(batch, dtype=int))
    logits = _logits(loss, rng, n, size)
    target: Array | None = None
    ignore_index = -100
    if form == "index":
        target = rng.integers(0, size, n)
        if kept != "all":
            ignore_index = int(rng.choice(IGNORED))
            drop = rng.random(n) < 0.5
            drop[: (n if kept == "none" else 1)] = True
            if kept == "some":
                drop[-1] = False
                target[-1] = 0  # no case ignores the class 0
            target[drop] = ignore_index
            logits[target == ignore_index] = rng.choice([np.nan, np.inf, -np.inf], size=size)
    elif form == "dense":
        target = targets(loss, rng, (n, size))
    weights = rounded(rng.uniform(0.2, 2.0, size), given) if weight else None
    if weights is not None and rng.random() < 0.25:
        weights[rng.integers(size)] = 0
    axes = range(-len(batch) - 1, len(batch) + 1)
    return Case(
        size=size,
        batch=batch,
        axis=int(rng.choice(list(axes))),
        dtype=dtype,
        form=form,
        reduction=reduction,
        logits=rounded(logits, dtype),
        target=target if form != "dense" or target is None else rounded(target, given),
        v=rounded(rng.normal(size=(n, size)), dtype),
        cotangent=rounded(rng.choice([-1, 1], size=(n, size)) * rng.uniform(0.3, 3.0, (n, size)), dtype),
        params={
            p.name: parameter(p, rng, (n, size), given) for p in loss.params if p.default is None or rng.random() < 0.8
        },
        weight=weights,
        label_smoothing=float(rng.choice([0.125, 0.5, 1.0])) if smooth else 0.0,
        ignore_index=ignore_index,
        normalizer=float(rng.choice([0.75, 6.5])) if normal else None,
        precision=precision,
        on_empty=on_empty,
    )


def _logits(loss: Loss, rng: np.random.Generator, n: int, size: int) -> Array:
    """Random logits of some size, some with two that are the largest, some far from 0.

    Where a loss has kinks, odd sixteenths, all different: every dtype has them, none is a round number, no two are
    equal, and so hardly ever is a logit where the loss has no derivative.
    """
    if has_kinks(loss):
        odd = np.arange(-79, 80, 2) / 16
        return np.array([rng.choice(odd, size, replace=False) for _ in range(n)]).reshape(n, size)
    logits = rng.normal(size=(n, size)) * rng.choice([0.5, 1.0, 3.0])
    kind = int(rng.integers(4))
    if kind == 0 and size > 1 and n:
        logits[:, -1] = logits.max(axis=1)
    elif kind == 1:
        logits += rng.choice([-40.0, 40.0])
    return np.asarray(logits)


def targets(loss: Loss, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """One value a class: of any sum, since a kernel's closed form holds whatever the sum is; labels within [0, 1]."""
    y = rng.uniform(0.05, 0.95, shape)
    if loss.target != "multilabel" and rng.random() < 0.5:
        y /= y.sum(axis=1, keepdims=True)
    return y


def parameter(p: Param, rng: np.random.Generator, shape: tuple[int, int], dtype: str) -> Any:
    """A value of a parameter, inside its domain: a number, or an array of its shape."""

    def numbers(size: Any) -> Any:
        if p.domain == "real":
            return rng.normal(size=size)
        low, high = {"nonnegative": (0.25, 2.75), "positive": (0.5, 2.0), "unit": (0.05, 0.95)}[p.domain]
        return rng.uniform(low, high, size)

    if p.shape == "" or (p.shape == "K" and rng.random() < 0.3):
        return float(rounded(np.asarray(numbers(None)), "float16" if dtype == "float16" else "bfloat16"))
    return rounded(numbers(shape if p.shape == "NxK" else shape[1]), dtype)


def rounded(a: Array, dtype: str) -> Array:
    """The array in a dtype; for bfloat16 in float32, each number rounded to one that bfloat16 has."""
    if dtype != "bfloat16":
        return np.asarray(a).astype(dtype)
    bits = np.asarray(a, dtype=np.float32).view(np.uint32)
    # half of the last kept bit is added, then the low bits are cut: what rounds a NaN stays one
    finite = np.isfinite(np.asarray(a, dtype=np.float32))
    nearest = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(finite, nearest, bits).astype(np.uint32).view(np.float32)

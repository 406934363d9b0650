"""Cases of extreme logits: far apart, equal and far from 0, huge, masked."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from symce.verify.case import Array, Case, parameter, rounded
from symce.verify.modules import Generated
from symce.verify.structure import has_kinks

_INF = float("inf")
#: rows of four logits; H stands for the huge number of a dtype
_ROWS = (
    (1000, -1000, 0, 1),
    (-1000, -1000, -1000, -999),
    (1000, 1000, 999, 0),
    ("H", 0, "-H", 1),
    (0, "H", "H", "-H"),
    (-_INF, 0, 1, -2),
    (-_INF, -_INF, 0.5, 1),
    (1000, -_INF, -1000, 0),
    (-_INF, 3, -_INF, -_INF),
)
#: rows that have a limit, where the loss has the option
_INFINITE = ((_INF, 0, 1, -2), (0.5, -_INF, _INF, 3))
_HUGE = {"float64": 1e30, "float32": 1e30, "bfloat16": 1e30, "float16": 6e4}


def extreme_cases(kernel: Generated, *, thorough: bool) -> Iterator[Case]:
    """Every row with every class (index), with a one-hot and a spread target (dense); reduction none.

    A loss with kinks gets the rows in which no two logits are equal: it may have no derivative in the others.
    """
    dtypes = ("float64", "float32", "float16") if thorough else ("float64", "float32")
    for dtype in dtypes:
        for form in kernel.forms:
            rng = np.random.default_rng([zlib.crc32(kernel.loss.name.encode()), 11])
            yield _case(kernel, form, dtype, rng)


def logits(dtype: str, *, limits: bool = False) -> Array:
    """The rows, in float64, with numbers that the dtype has; ``limits``: and those with one logit of +inf."""
    huge = float(rounded(np.asarray(_HUGE[dtype]), "float16" if dtype == "float16" else "bfloat16"))
    letters = {"H": huge, "-H": -huge}
    rows = (*_ROWS, *(_INFINITE if limits else ()))
    return np.array([[letters.get(x, x) if isinstance(x, str) else x for x in row] for row in rows], dtype=np.float64)


def _case(kernel: Generated, form: str, dtype: str, rng: np.random.Generator) -> Case:
    limits = kernel.accepts("infinite")
    rows = logits(dtype, limits=limits)
    if has_kinks(kernel.loss):
        rows = rows[[len(np.unique(row)) == row.size for row in rows]]
    n, size = rows.shape
    target: Array | None = None
    if form == "index":
        rows, target = np.repeat(rows, size, axis=0), np.tile(np.arange(size), n)
    elif form == "dense":
        # a target of 0 at what is masked; labels are 0, 1 and between
        spread = np.where(np.isfinite(rows), rng.uniform(0.1, 0.9, rows.shape), 0.0)
        if kernel.loss.target != "multilabel":
            spread /= spread.sum(axis=1, keepdims=True)
        onehot = np.eye(size)[np.argmax(rows, axis=1)]
        target = rounded(np.concatenate([spread, onehot]), "bfloat16").astype(np.float64)
        rows = np.concatenate([rows, rows])
    v = rounded(rng.normal(size=rows.shape), "bfloat16")
    cotangent = rounded(rng.uniform(0.5, 2.0, rows.shape), "bfloat16")
    params = {p.name: parameter(p, rng, rows.shape, "bfloat16") for p in kernel.loss.params}
    return Case(
        size=size,
        batch=(len(rows),),
        axis=-1,
        dtype=dtype,
        form=form,
        reduction="none",
        logits=rows.astype(dtype),
        target=target if form != "dense" or target is None else target.astype(dtype),
        v=v.astype(dtype),
        cotangent=cotangent.astype(dtype),
        params=params,
        infinite="limit" if limits else "nan",
    )

"""Divergences of a softmax and a target near equality: their difference has more digits than either (``softmax_less``).

Judged by the textbook's sum in mpmath, which the oracle is held against; a divergence that its target's sum, not quite
1, all but cancels is judged beside what that sum is short of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch

from symce.derivation.derive import derive
from symce.kernel.build import kernel
from symce.kernel.kernel import Kernel
from symce.losses import Loss, catalogue
from symce.losses.loss import Param
from symce.targets import render_kernels
from symce.verify.modules import load
from symce.verify.oracle import oracle
from symce.verify.rounding import ulps

T = Param("T", domain="positive", default=1.0)
FORWARD, BACKWARD = (catalogue()[name] for name in ("kl_target_softmax", "kl_softmax_target"))
COOLED = Loss("cooled_kl", "KL with a temperature", "distribution", FORWARD.value, (T,), "z[k]/T")
HEATED = Loss("heated_kl", "KL with an inverse temperature", "distribution", BACKWARD.value, (T,), "T*z[k]")
LOSSES = {loss.name: loss for loss in (FORWARD, BACKWARD, COOLED, HEATED)}
SCALES = {"cooled_kl": (lambda z, t: z / t, 1.7), "heated_kl": (lambda z, t: z * t, 0.3)}
BITS = {"float32": 22, "float64": 51}
DISTANCES = (1.0, 0.1, 1e-2, 1e-3, 1e-5, 1e-7)

Value = Callable[..., np.ndarray[Any, np.dtype[Any]]]


@cache
def lowered(loss: Loss) -> Kernel:
    return kernel(derive(loss))


def written(loss: Loss, target: str, folder: Path, *edits: tuple[str, str]) -> Path:
    """The folder, in which the kernel of a loss lies, with some of its text replaced."""
    for path, text in render_kernels([lowered(loss)], [target]).items():
        for old, new in edits if path.endswith(f"{loss.name}.py") else ():
            assert old in text, f"the kernel of {loss.name} has no {old!r} that a mutation could replace"
            text = text.replace(old, new)
        file = folder / "symce_kernels" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def value_of(module: ModuleType, loss: Loss, target: str) -> Value:
    """The losses of rows of NumPy arrays, in their dtype."""

    def value(z: Any, y: Any, **options: Any) -> Any:
        if target == "numpy":
            return module.value(z, y, reduction="none", **options)
        losses = getattr(module, loss.name)(torch.from_numpy(z), torch.from_numpy(y), reduction="none", **options)
        return losses.numpy()

    return value


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Value]]:
    """The losses of rows by the kernel of a loss, by its name and its target's."""
    folder = tmp_path_factory.mktemp("kernels")

    @cache
    def value(name: str, target: str) -> Value:
        loss = LOSSES[name]
        return value_of(load(written(loss, target, folder), target, loss).module, loss, target)

    yield value


def whole(y: Any, dtype: str) -> Any:
    """Probabilities of the dtype that sum to 1 exactly: multiples of a power of 2, the largest takes what is left."""
    unit = 2.0 ** BITS[dtype]
    steps = np.round(y * unit)
    rows = np.arange(len(y))
    steps[rows, np.argmax(y, axis=1)] += unit - steps.sum(axis=1)
    return (steps / unit).astype(dtype)


def rows(name: str, dtype: str, distance: float, size: int, *, exactly: bool, count: int = 6) -> tuple[Any, Any]:
    """Logits whose softmax is at a distance of targets that sum to 1, exactly or as they round."""
    rng = np.random.default_rng(size)
    z = (2 * rng.normal(size=(count, size))).astype(dtype).astype(np.float64)
    if name in SCALES:  # logits of which the scale makes these
        scaled, t = SCALES[name]
        near = scaled(z, t)
    else:
        near = z
    y = np.exp(near - near.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    return (z + distance * rng.normal(size=z.shape)).astype(dtype), whole(y, dtype) if exactly else y.astype(dtype)


def textbook(name: str, z: Any, y: Any) -> tuple[Any, Any]:
    """The divergence of a row, and what its target's sum is more than 1."""
    with mp.workdps(80):
        scaled, t = SCALES.get(name, (lambda x, _: x, 1.0))
        exponents = [mp.exp(scaled(mp.mpf(float(x)), mp.mpf(t))) for x in z]
        total = mp.fsum(exponents)
        pairs = [(e / total, mp.mpf(float(t))) for e, t in zip(exponents, y, strict=True)]
        if name in ("kl_softmax_target", "heated_kl"):
            terms = [p * mp.log(p / t) if t else mp.inf for p, t in pairs if p]
        else:
            terms = [t * mp.log(t / p) if p else mp.inf for p, t in pairs if t]
        return mp.fsum(terms), mp.fsum(t for _, t in pairs) - 1


def worst(name: str, value: Value, z: Any, y: Any, **options: Any) -> float:
    """The largest error of the rows in ulps."""
    given = {"T": SCALES[name][1]} if name in SCALES else {}
    got = value(z, y, **given, **options)
    assert got.dtype == z.dtype
    return max(
        ulps(float(loss), exact, str(z.dtype), terms=abs(short))
        for loss, (exact, short) in zip(got, (textbook(name, *row) for row in zip(z, y, strict=True)), strict=True)
    )


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("distance", (1.0, 1e-3, 0.0))
def test_the_textbook_is_what_the_oracle_reads(name: str, distance: float) -> None:
    (z,), (y,) = rows(name, "float32", distance, 3, exactly=False, count=1)
    read = oracle(LOSSES[name], z, y, {"T": SCALES[name][1]} if name in SCALES else {}).value
    with mp.workdps(40):
        assert mp.almosteq(read, textbook(name, z, y)[0], rel_eps=mp.mpf(10) ** -25)


@pytest.mark.parametrize("exactly", (True, False), ids=("sum 1", "rounded"))
@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("target", ("numpy", "torch"))
@pytest.mark.parametrize("name", LOSSES)
def test_near_equality_every_digit_is_right(
    values: Callable[[str, str], Value], name: str, target: str, dtype: str, exactly: bool
) -> None:
    for size in (2, 10):
        for distance in DISTANCES:
            error = worst(name, values(name, target), *rows(name, dtype, distance, size, exactly=exactly))
            print(name,target,dtype,exactly,size,distance,error)

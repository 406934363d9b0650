"""Divergences of a softmax and a target near equality: their difference has more digits than either (``softmax_less``).

Judged by the textbook's sum in mpmath, which the oracle is held against; a divergence that its target's sum, not quite
1, all but cancels is judged beside what that sum is short of.
"""

from __future__ import annotations

from collections.abc import Callable
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
Values = Callable[[str, str], Value]
Modules = Callable[[str, str], ModuleType]


@cache
def lowered(loss: Loss) -> Kernel:
    return kernel(derive(loss))


def written(loss: Loss, target: str, folder: Path, *edits: tuple[str, str]) -> Path:
    """The folder, in which the kernel of a loss lies, with some of its text replaced."""
    for path, text in render_kernels([lowered(loss)], [target]).items():
        for old, new in edits if path == f"{target}/{loss.name}.py" else ():
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
def modules(tmp_path_factory: pytest.TempPathFactory) -> Modules:
    """The module of a loss, by its name and the target's."""
    folder = tmp_path_factory.mktemp("kernels")

    @cache
    def module(name: str, target: str) -> ModuleType:
        return load(written(LOSSES[name], target, folder), target, LOSSES[name]).module

    return module


@pytest.fixture(scope="module")
def values(modules: Modules) -> Values:
    """The losses of rows by the kernel of a loss, by its name and the target's."""
    return lambda name, target: value_of(modules(name, target), LOSSES[name], target)


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
@pytest.mark.parametrize("distance", [1.0, 1e-3, 0.0])
def test_the_textbook_is_what_the_oracle_reads(name: str, distance: float) -> None:
    (z,), (y,) = rows(name, "float32", distance, 3, exactly=False, count=1)
    read = oracle(LOSSES[name], z, y, {"T": SCALES[name][1]} if name in SCALES else {}).value
    with mp.workdps(40):
        assert mp.almosteq(read, textbook(name, z, y)[0], rel_eps=mp.mpf(10) ** -25)


@pytest.mark.parametrize("exactly", [True, False], ids=("sum 1", "rounded"))
@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("name", LOSSES)
def test_near_equality_the_digits_are_right(values: Values, name: str, target: str, dtype: str, exactly: bool) -> None:
    value = values(name, target)
    for distance in DISTANCES:
        for size, count in ((2, 6), (10, 6), (1_000, 1)):
            z, y = rows(name, dtype, distance, size, exactly=exactly, count=count)
            assert worst(name, value, z, y) <= 8, (distance, size)


@pytest.mark.parametrize("exactly", [True, False], ids=("sum 1", "rounded"))
@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("name", LOSSES)
def test_at_equality_a_rounding_error_is_what_is_left(
    values: Values, name: str, target: str, dtype: str, exactly: bool
) -> None:
    """p - y is then half an ulp of y: of float64 the last digits of the two parts, which may be off by a few."""
    for size, count in ((2, 6), (10, 6), (1_000, 1)):
        z, y = rows(name, dtype, 0.0, size, exactly=exactly, count=count)
        assert worst(name, values(name, target), z, y) <= (8 if dtype == "float32" else 16), size
        given = {"T": SCALES[name][1]} if name in SCALES else {}
        assert not exactly or (values(name, target)(z, y, **given) >= 0).all()


@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("name", LOSSES)
def test_wide_and_half_are_rounded_once(values: Values, name: str, target: str) -> None:
    for distance in (*DISTANCES, 0.0):
        z, y = rows(name, "float32", distance, 10, exactly=True)
        assert worst(name, values(name, target), z, y, precision="wide") <= 0.6, distance
        z, y = z.astype(np.float16), np.clip(y, 2**-14, 1).astype(np.float16)
        assert worst(name, values(name, target), z, y) <= 0.6, distance


# --- what is no ordinary number --------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("name", [FORWARD.name, BACKWARD.name])
def test_masked_classes_and_absent_targets(values: Values, name: str, target: str, dtype: str) -> None:
    value, inf = values(name, target), np.inf
    z, y = rows(name, dtype, 1e-3, 4, exactly=True)
    nothing = np.zeros((len(z), 1), dtype)
    masked = np.concatenate([z, nothing - inf], axis=1), np.concatenate([y, nothing], axis=1)
    assert worst(name, value, *masked) <= 8, "a masked class that the target has not adds nothing"
    distant = np.concatenate([z, nothing - 600], axis=1), np.concatenate([y, nothing], axis=1)
    if name == FORWARD.name or dtype == "float32":  # in float32 such a class is masked
        assert worst(name, value, *distant) <= 8
    else:
        assert (value(*distant) == inf).all(), "p log(p/0) is infinite, be p as small as it may"
    absent = np.concatenate([z, nothing - 9], axis=1), np.concatenate([y, nothing], axis=1)
    missing = np.concatenate([z, nothing - inf], axis=1), np.concatenate([y, nothing + 2.0**-20], axis=1)
    if name == FORWARD.name:
        assert worst(name, value, *absent) <= 8
        assert (value(*missing) == inf).all()
    else:
        assert worst(name, value, *missing) <= 8
        assert (value(*absent) == inf).all()


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_row_is_computed_as_if_it_were_alone(values: Values, name: str, target: str, dtype: str) -> None:
    parts = [rows(name, dtype, d, 7, exactly=True, count=2) for d in (1e-5, 30.0, 1e-2, 0.0)]
    z, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    z[1, 2], z[4, :], z[6, 3] = np.nan, -np.inf, -np.inf
    given = {"T": SCALES[name][1]} if name in SCALES else {}
    together = values(name, target)(z, y, **given)
    alone = np.concatenate([values(name, target)(z[n : n + 1], y[n : n + 1], **given) for n in range(len(z))])
    assert together.tobytes() == alone.tobytes()
    assert np.isnan(together[[1, 4]]).all()
    assert not np.isnan(together[[0, 2, 3, 5, 6, 7]]).any()


# --- where no value can be looked at ---------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("name", LOSSES)
def test_within_vmap_it_is_the_same(values: Values, modules: Modules, name: str, dtype: str) -> None:
    parts = [rows(name, dtype, d, 7, exactly=True, count=2) for d in (1e-5, 30.0, 0.0)]
    z, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    given = {"T": SCALES[name][1]} if name in SCALES else {}
    loss = getattr(modules(name, "torch"), name)
    mapped = torch.func.vmap(lambda a, b: loss(a, b, **given))(torch.from_numpy(z), torch.from_numpy(y))
    kept = values(name, "torch")(z, y, **given)
    np.testing.assert_allclose(mapped.numpy(), kept, rtol=8 * np.finfo(dtype).eps, atol=0)


# --- each part of it is needed ---------------------------------------------------------------------------------------
MUTATIONS = {
    "rounded probabilities": (("< 0.5", "< 0.0"), ("float32", "float64")),
    "no second part of a product": (
        ("return product, _product_error(", "return product, 0 * _product_error("),
        ("float64",),
    ),
    "no second part of the sum": (("short = short + ", "short = 0 * short + 0 * "), ("float64",)),
    "log 2 in two parts": (("n * third - error", "-error"), ("float64",)),
    "no rounding error of the exponent": (("n * third - error", "n * third"), ("float64",)),
}


@pytest.mark.parametrize("target", ["numpy", "torch"])
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_without_a_part_the_digits_are_wrong(mutation: str, target: str, tmp_path: Path) -> None:
    edit, dtypes = MUTATIONS[mutation]
    module = load(written(FORWARD, target, tmp_path, edit), target, FORWARD).module
    for dtype in dtypes:
        z, y = rows(FORWARD.name, dtype, 1e-7, 10, exactly=True)
        assert worst(FORWARD.name, value_of(module, FORWARD, target), z, y) > 100

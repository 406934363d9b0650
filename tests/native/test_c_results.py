"""The generated native kernels against the NumPy kernels: all losses, all options, rows alone and side by side."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernels.calls import DOMAINS, LABELS, LOSSES, NAMES, TOLERANCE, accepted, forms, numpy_module
from own_losses.kernels import printed
from own_losses.statements import UNSEEN

from symce.losses import Loss, Param
from symce.verify.modules import load

#: every loss in float32; in the other formats, losses that have every kind of code
FORMATS = [(name, "float32", "native") for name in NAMES]
FORMATS += [
    (name, "float64", "native")
    for name in (
        "cross_entropy", "focal", "softmax_entropy", "kl_target_softmax", "kl_softmax_target", "sigmoid_focal",
        "distillation", "soft_capped_cross_entropy", "generalised_cross_entropy", "brier",
    )
]  # fmt: skip
FORMATS += [(name, "float16", "native") for name in ("cross_entropy", "sigmoid_focal")]
FORMATS += [("kl_target_softmax", "float32", "wide"), ("focal", "float16", "wide")]
#: classes and rows on both sides of where rows begin to lie side by side, and of where another thread is worth it
CLASSES = (1, 2, 3, 5, 8, 10, 16, 17, 31, 63, 64, 65, 100, 127, 128, 129, 255, 257, 600)
ROWS = (0, 1, 2, 3, 5, 31, 63, 64, 65, 100, 130)
#: those of a parameter beside its default: where a power is a square root, a number, a reciprocal
SPECIAL = {
    "nonnegative": (0.0, 1.0, 2.0, 3.0),
    "positive": (0.5, 1.0, 2.0),
    "unit": (0.0, 0.5, 1.0),
    "real": (0.0, -2.0),
}


def native_module(name: str) -> Any:
    return import_module(f"symce_kernels.native.{name}")


@st.composite
def calls(draw: st.DrawFn, name: str, dtype: str) -> tuple[tuple[Any, ...], dict[str, Any], np.ndarray, np.ndarray]:
    """Arguments and options of a call, a vector for the Hessian, and a cotangent."""
    size = draw(st.sampled_from(CLASSES[1:] if name == "label_smoothing" else CLASSES))
    n = draw(st.sampled_from([r for r in ROWS if r * size <= 20_000]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = (rng.normal(size=(n, size)) * draw(st.sampled_from([0.01, 1.0, 5.0]))).astype(dtype)
    if draw(st.booleans()):  # certain of one class, and masked ones
        logits[rng.random(logits.shape) < 0.1] *= 5
        logits[rng.random(logits.shape) < 0.1] = logits.min(initial=0)
    known, form = accepted(name), draw(st.sampled_from(forms(name)))
    options: dict[str, Any] = {"reduction": draw(st.sampled_from(["mean", "sum", "none"]))}
    arguments: tuple[Any, ...] = (logits,)
    if form == "index":
        target = rng.integers(0, size, n)
        if draw(st.booleans()):
            options["ignore_index"] = draw(st.sampled_from([-100, 0, 300]))
            target[rng.random(n) < draw(st.sampled_from([0.3, 1.0]))] = options["ignore_index"]
        arguments = (logits, target)
    elif form == "dense":
        target = rng.uniform(0, 1, logits.shape)
        target[rng.random(logits.shape) < draw(st.sampled_from([0.0, 0.5]))] = 0
        if name not in LABELS and draw(st.booleans()):
            target = target / np.maximum(target.sum(axis=-1, keepdims=True), 1e-3)
        arguments = (logits, target.astype(dtype))
    if "weight" in known and draw(st.booleans()):
        options["weight"] = rng.uniform(0.2, 2, size).astype(dtype)
        options["weight"][rng.random(size) < 0.2] = 0
    if "label_smoothing" in known and draw(st.booleans()):
        options["label_smoothing"] = draw(st.sampled_from([0.1, 0.5, 1.0]))
    if draw(st.booleans()):
        options["normalizer"] = 2.5
    if "infinite" in known:
        options["infinite"] = draw(st.sampled_from(["nan", "limit"]))
    options["on_empty"] = draw(st.sampled_from(["nan", "zero"]))
    for p in LOSSES[name].params:
        if p.shape == "" and draw(st.booleans()):
            lowest = 0.5 if p.domain in ("positive", "unit") and dtype == "float16" else 0.0
            options[p.name] = draw(st.sampled_from([x for x in SPECIAL[p.domain] if x >= lowest or p.domain == "real"]))
        elif p.default is None or draw(st.booleans()):
            low, high = DOMAINS[p.domain]
            values = rng.uniform(low, high, {"": None, "K": size, "NxK": logits.shape}[p.shape])
            options[p.name] = values.astype(dtype) if p.shape else float(np.float16(values))
    shape = logits.shape if name in LABELS else (n,)
    return arguments, options, rng.normal(size=logits.shape).astype(dtype), rng.normal(size=shape).astype(dtype)


def same(got: Any, expected: Any, dtype: str, what: str) -> None:
    """Of one dtype and shape, NaN and infinite at the same places, and else within a few roundings of the largest."""
    assert type(got) is type(expected), what
    assert got.dtype == expected.dtype, what
    assert got.shape == expected.shape, what
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite], err_msg=what)
    size = 1 + np.abs(expected[finite]).max(initial=0)
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(got[finite], expected[finite], rtol=tolerance, atol=tolerance * size, err_msg=what)


def to_the_bit(one: Any, other: Any, what: str) -> None:
    for a, b in zip(one, other, strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes(), what


@pytest.mark.long
@pytest.mark.parametrize(("name", "dtype", "precision"), FORMATS)
def test_results_are_the_numpy_kernels(name: str, dtype: str, precision: str) -> None:
    numpy, native = numpy_module(name), native_module(name)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(call=calls(name, dtype))
    def check(call: Any) -> None:
        arguments, options, v, cotangent = call
        options = {**options, "precision": precision}
        flow = {"cotangent": cotangent} if options["reduction"] == "none" else {}
        with np.errstate(all="ignore"):
            value = numpy.value(*arguments, **options)
            loss, gradient = numpy.value_and_grad(*arguments, **options, **flow)
            same(native.value(*arguments, **options), value, dtype, "value")
            got = native.value_and_grad(*arguments, **options, **flow, threads=1)
            same(got[0], loss, dtype, "loss")
            # an infinite loss has no gradient: what it is made of may round to 0 in one and be subnormal in the other
            each = numpy.value(*arguments, **{**options, "reduction": "none"})
            defined = np.broadcast_to(
                ~np.isinf(each).reshape(len(each), 1 if each.ndim == 1 else each.shape[1]), arguments[0].shape
            )
            same(got[1][defined], gradient[defined], dtype, "gradient")
            to_the_bit(native.value_and_grad(*arguments, **options, **flow, threads=2), got, "two threads")
            if not flow:
                kept = arguments[0].copy()
                over = native.value_and_grad(kept, *arguments[1:], **options, out=kept)
                assert over[1] is kept
                to_the_bit(over, got, "in place")
            product = numpy.hvp(*arguments, v, **options, **flow)
            got = native.hvp(*arguments, v, **options, **flow, threads=1)
            same(got[defined], product[defined], dtype, "Hessian times v")
            to_the_bit([native.hvp(*arguments, v, **options, **flow, threads=2)], [got], "two threads")
            kept = arguments[0].copy()
            to_the_bit([native.hvp(kept, *arguments[1:], v, **options, **flow, out=kept)], [got], "in place")

    check()


#: losses of a user: with max and min, a row's own parameters, powers of negative numbers, entries read in every pass
OWN = (
    "one_against_rest", "squared_margin", "mean_margin", "evidence", "centred_logits", "taught_map", "tilted",
    "clamped_map", "squared_hinge",
)  # fmt: skip
MORE = (
    Loss("cubes", "Cubes", "index", "-log(p[c]) + lam*Sum((z[k] - m)**3, k)/K",
         (Param("lam", "nonnegative", 0.5), Param("m", default=0.75))),
    Loss("whole_powers", "Whole powers", "none", "Sum((z[k] - m)**4 + z[k]**5, k)", (Param("m", default=0.75),)),
    Loss("adjusted", "Logits adjusted by a prior for each sample", "index", "-log(p[c])",
         (Param("prior", "positive", None, "NxK"),), "z[k] + log(prior[k])"),
    Loss("largest", "Largest margin", "index", "max(0, 1 - z[c] + logsumexp(where(k == c, -z[c], z[k]), k))", ()),
)  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("loss", [*(UNSEEN[name] for name in OWN), *MORE], ids=lambda loss: loss.name)
def test_losses_of_a_user(loss: Loss, tmp_path: Path) -> None:
    folder = printed(loss, tmp_path, ["numpy", "native"])
    numpy, native = (load(folder, target, loss).functions for target in ("numpy", "native"))
    for n, k in ((3, 5), (64, 5), (65, 33), (2, 129), (70, 129)):
        rng = np.random.default_rng([n, k])
        logits = rng.normal(size=(n, k))
        arguments: tuple[Any, ...] = (logits,)
        if loss.target == "index":
            arguments = (logits, rng.integers(0, k, n))
        elif loss.target != "none":
            target = rng.uniform(0.05, 0.95, (n, k))
            arguments = (logits, target / (target.sum(1, keepdims=True) if loss.target == "distribution" else 1))
        options: dict[str, Any] = {"reduction": "none"}
        for p in loss.params:
            shape = {"": None, "K": k, "NxK": (n, k)}[p.shape]
            values = rng.uniform(*DOMAINS[p.domain], shape)
            options[p.name] = values if p.shape else float(values)
        v = rng.normal(size=logits.shape)
        right = (*numpy["value_and_grad"](*arguments, **options), numpy["hvp"](*arguments, v, **options))
        for threads in (1, 2):
            got = native["value_and_grad"](*arguments, **options, threads=threads)
            for a, b in zip((*got, native["hvp"](*arguments, v, **options)), right, strict=True):
                size = np.abs(b).max(axis=-1, keepdims=True)
                assert (np.abs(a - b) <= 1e-10 * (1e-3 + size)).all(), f"{n} x {k}"
        same(native["value"](*arguments, **options), right[0], "float64", "value")
        kept = logits.copy()
        to_the_bit(native["value_and_grad"](kept, *arguments[1:], **options, out=kept), got, f"in place, {n} x {k}")
        kept = logits.copy()
        product = native["hvp"](*arguments, v, **options)
        to_the_bit([native["hvp"](kept, *arguments[1:], v, **options, out=kept)], [product], f"in place, {n} x {k}")


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(("n", "k"), [(64, 10), (3, 10), (3, 300)])
def test_rows_with_nan_and_infinities(dtype: str, n: int, k: int) -> None:
    """A row by itself gives what it gives among others, whatever those hold."""
    numpy, native = numpy_module("cross_entropy"), native_module("cross_entropy")
    rng = np.random.default_rng(n + k)
    for infinite in ("nan", "limit"):
        for special in ([np.nan], [np.inf], [-np.inf], [np.inf, np.nan], [np.inf, -np.inf], [np.inf, np.inf]):
            logits, target = rng.normal(size=(n, k)).astype(dtype), rng.integers(0, k, n)
            for row in range(0, n, 2):
                logits[row, rng.permutation(k)[: len(special)]] = special
            options = {"reduction": "none", "infinite": infinite}
            with np.errstate(all="ignore"):
                expected = numpy.value_and_grad(logits, target, **options)
            got = native.value_and_grad(logits, target, **options)
            for a, b in zip(got, expected, strict=True):
                same(a, b, dtype, f"{infinite}, {special}")

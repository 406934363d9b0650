"""What makes the NumPy kernels fast, without a clock: the memory of a call, ``out``, and blocks that change no bit."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.calls import LABELS, NAMES, Call, calls, forms, numpy_module

from symce.kernel.ir import Gather, Input, Map, Reduce
from symce.targets.numpy_expressions import NumpyPrinter

MB = 1 << 20


def derivatives(call: Call) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    """The functions that take ``out``, with their arguments."""
    v = np.random.default_rng(call.seed).normal(size=call.logits.shape).astype(call.dtype)
    given = {name: (call.arguments, call.with_cotangent()) for name in ("grad", "value_and_grad")}
    if hasattr(numpy_module(call.name), "hvp"):
        given["hvp"] = ((*call.arguments, v), call.with_cotangent())
    return given


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15)
@given(data=st.data())
def test_out_holds_what_is_returned(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name))
    for function, (args, options) in derivatives(call).items():
        f = getattr(numpy_module(name), function)
        expected = f(*args, **options)
        apart, logits = np.full_like(call.logits, 7), call.logits.copy()
        for result, out in (
            (f(*args, **options, out=apart), apart),
            (f(logits, *args[1:], **options, out=logits), logits),
        ):
            if function == "value_and_grad":
                np.testing.assert_array_equal(result[0], expected[0])
                assert result[1] is out
            else:
                assert result is out
            np.testing.assert_array_equal(out, expected[1] if function == "value_and_grad" else expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("layout", ["contiguous", "strided", "overlapping", "logits", "v"])
def test_out_may_lie_anywhere(axis: int, layout: str) -> None:
    m, rng = numpy_module("cross_entropy"), np.random.default_rng(3)
    memory = np.zeros((2, 9, 12, 7), np.float32)
    z = memory[0, :7, :10, :5]
    z[...] = rng.normal(size=z.shape)
    y = rng.integers(0, z.shape[axis], tuple(np.delete(z.shape, axis)))
    v = rng.normal(size=z.shape).astype(np.float32)
    expected = m.hvp(z, y, v, axis=axis)
    kept = memory.copy()
    out = {
        "contiguous": np.empty_like(z, order="C"),
        "strided": memory[1, 1:8, 2:12, 1:6],
        "overlapping": memory[0, 1:8, 1:11, 1:6],  # rows that are still to be read
        "logits": z,
        "v": v,
    }[layout]
    assert m.hvp(z, y, v, axis=axis, out=out) is out
    np.testing.assert_array_equal(out, expected)
    if layout == "strided":
        np.testing.assert_array_equal(memory[0], kept[0])
        assert np.count_nonzero(memory[1]) <= out.size


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        ([[0.0] * 3] * 2, TypeError, r"out: list; allowed: a NumPy array of the logits' shape and dtype"),
        (np.zeros((3, 2)), ValueError, r"out: shape \(3, 2\); allowed: \(2, 3\)"),
        (np.zeros((2, 3), np.float32), TypeError, r"out: dtype float32; allowed: float64, that of the logits"),
        (np.broadcast_to(np.zeros(3), (2, 3)), ValueError, r"out: read-only; allowed: an array that may be written to"),
    ],
)
@pytest.mark.parametrize("function", ["grad", "value_and_grad", "hvp"])
def test_a_wrong_out_is_refused(function: str, out: Any, error: type[Exception], text: str) -> None:
    m, z = numpy_module("cross_entropy"), np.zeros((2, 3))
    args = (z, [0, 1], z) if function == "hvp" else (z, [0, 1])
    with pytest.raises(error, match=text):
        getattr(m, function)(*args, out=out)


def test_out_that_begins_before_the_logits_or_after_them() -> None:
    """Rows of the next blocks are still to be read when those of the first are written."""
    m, rng = numpy_module("cross_entropy"), np.random.default_rng(4)
    n, k = 3 * 65536 // 50, 50
    for shift in (-k, -1, 1, 7 * k):
        memory = np.zeros((n + 20) * k, np.float32)
        z = memory[10 * k : (10 + n) * k].reshape(n, k)
        out = memory[10 * k + shift : (10 + n) * k + shift].reshape(n, k)
        z[...] = rng.normal(size=z.shape)
        y = rng.integers(0, k, n)
        expected = m.grad(z, y)
        assert m.grad(z, y, out=out) is out
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("k", [2, 10, 32, 33])
def test_many_short_rows_are_as_exact_as_few(k: int) -> None:
    m, rng = numpy_module("cross_entropy"), np.random.default_rng(k)
    for spread, margin in ((3.0, 0.0), (1.0, 10.0), (1.0, 30.5), (1.0, -40.25), (25.0, 90.0)):
        z, y = (rng.normal(size=(500, k)) * spread).astype(np.float32), rng.integers(0, k, 500)
        z[np.arange(500), y] += np.float32(margin)
        native = m.value_and_grad(z, y, reduction="none")
        for got, exact in zip(native, m.value_and_grad(z, y, reduction="none", precision="wide"), strict=True):
            normal = np.abs(exact) > np.finfo(np.float32).tiny
            ulps = np.abs(got.astype(float) - exact)[normal] / np.spacing(np.abs(exact[normal]))
            assert ulps.max() <= 5  # np.exp alone is 2.5 off on some machines


def test_nothing_is_written_where_an_argument_is_wrong() -> None:
    m, out = numpy_module("cross_entropy"), np.full((2, 3), 5.0)
    for y, options in (([0, 3], {}), ([0, 1], {"weight": [1.0, 2.0]}), ([0, 1], {"label_smoothing": 2.0})):
        with pytest.raises(ValueError, match="allowed"):
            m.grad(np.zeros((2, 3)), y, **options, out=out)
    np.testing.assert_array_equal(out, 5.0)


@pytest.mark.parametrize(("n", "k"), [(65536, 10), (4096, 1000), (256, 32000)])
@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_the_peak_is_a_few_blocks(name: str, n: int, k: int) -> None:
    """Beyond the arrays of a block, which is 256 KB, there is one number a row: the losses."""
    m, rng = numpy_module(name), np.random.default_rng(0)
    z, y = rng.normal(size=(n, k)).astype(np.float32), rng.integers(0, k, n)
    out = np.empty_like(z)

    def peak(f: Any) -> int:
        tracemalloc.start()
        f()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    per_row = 8 * n
    many = {"cross_entropy": 2 * MB, "focal": 3 * MB}[name]
    assert peak(lambda: m.value_and_grad(z, y, out=out)) < many + per_row
    assert peak(lambda: m.value(z, y)) < many + per_row
    assert peak(lambda: m.value_and_grad(z, y, out=z)) < many + per_row
    assert peak(lambda: m.value_and_grad(z, y)) > n * k * 4  # the measure does see arrays of NumPy


def odd_rows(rng: np.random.Generator, n: int, k: int, dtype: str, target: np.ndarray) -> np.ndarray:
    """Rows of many sizes: near and far logits, ties, masked classes, infinities, NaN."""
    z = (rng.normal(size=(n, k)) * rng.choice([0.0, 1.0, 5.0, 60.0, 400.0], size=(n, 1))).astype(dtype)
    z += rng.choice([0.0, 30.0, -30.0, 1e4], size=(n, 1)).astype(dtype)
    for value, share in ((-np.inf, 0.1), (np.inf, 0.01), (np.nan, 0.01)):
        z[rng.random(z.shape) < share * (rng.random((n, 1)) < 0.2)] = value
    return z


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8)
@given(data=st.data())
def test_a_row_has_the_bits_that_it_has_alone(name: str, data: st.DataObject) -> None:
    """Row by row or class by class in memory, in whatever company: no bit of a row depends on it."""
    k = data.draw(st.integers(2, 40))
    n = data.draw(st.sampled_from([64, 65, 200]))
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    form = data.draw(st.sampled_from(forms(name)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    y = rng.integers(0, k, n)
    z = odd_rows(rng, n, k, dtype, y)
    m, args = numpy_module(name), [z]
    if form != "none":
        args.append(y if form == "index" else rng.dirichlet(np.ones(k), n).astype(dtype))
    options = {"reduction": "none"}
    if name in ("distillation",):
        options |= {"t": rng.normal(size=(n, k)).astype(dtype), "T": 2.5}
    elif name in ("info_nce", "temperature_cross_entropy"):
        options["T"] = 0.7
    calls_ = [("value_and_grad", args)]
    if hasattr(m, "hvp"):
        calls_.append(("hvp", [*args, rng.normal(size=(n, k)).astype(dtype)]))
    for function, given_args in calls_:
        whole = getattr(m, function)(*given_args, **options)
        for start in rng.integers(0, n, 20):  # fewer than are laid out class by class
            rows = slice(start, start + rng.choice([1, 1, 2, 13]))
            cut = {o: a[rows] if isinstance(a, np.ndarray) else a for o, a in options.items()}
            part = getattr(m, function)(*(a[rows] for a in given_args), **cut)
            pairs = zip(whole, part, strict=True) if isinstance(whole, tuple) else [(whole, part)]
            for of_all, alone in pairs:
                np.testing.assert_array_equal(of_all[rows], alone)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in LABELS])
def test_short_rows_are_laid_out_class_by_class(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    m, seen = numpy_module(name), []
    block = m._block
    monkeypatch.setattr(m, "_block", lambda *a: seen.append(block(*a)) or seen[-1])
    rng = np.random.default_rng(0)
    for n, k, order in ((64, 32, "F"), (63, 32, "C"), (64, 33, "C")):
        seen.clear()
        z = rng.normal(size=(n, k))
        form = forms(name)[0]
        y = {"none": (), "index": (rng.integers(0, k, n),), "dense": (np.full((n, k), 1 / k),)}[form]
        needed = {"distillation": {"t": z, "T": 2.0}, "info_nce": {"T": 0.7}, "temperature_cross_entropy": {"T": 0.7}}
        m.grad(z, *y, **needed.get(name, {}))
        assert seen
        assert all(a.flags[f"{order}_CONTIGUOUS"] for a in seen)


def test_places_are_those_of_the_array_that_is_read() -> None:
    """A row made of values a class and a row alone lies as it likes, and is laid out as the logits are."""
    w, top = Input("w", "class"), Reduce("max", Input("logits", "row"))
    index = Input("target", "batch", "index")
    printer = NumpyPrinter()
    assert printer.print(Gather(Map("mul", (w, top)), index)).text.startswith("_take(_laid_out(w * ")
    assert "laid_out" in printer.helpers
    assert printer.print(Gather(Map("mul", (w, Input("logits", "row"))), index)).text == "_take(w * logits, at_target)"

"""What a handout compares a kernel with: formulas computed as they are written, and exact numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import mpmath as mp
import numpy as np
import pytest
from sympy import IndexedBase, Integer, KroneckerDelta, Symbol, exp, log, sin, tanh

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import K, c, j
from symce.algebra.nodes import Named
from symce.algebra.piecewise import ByCases, Where
from symce.derivation.derive import Derivation, derive
from symce.derivation.model import k
from symce.figures.example import example
from symce.handout import as_written
from symce.handout.as_written import AsWritten
from symce.handout.digits import KEPT, Comparison, Numbers, comparison, number
from symce.kernel.build import kernel
from symce.kernel.kernel import Kernel
from symce.losses import catalogue

z, w = IndexedBase("z", real=True), IndexedBase("w", real=True)
FLOAT32 = AsWritten(3, {"z": [20.0, 0.0, -1.0], "w": [0.5, 2.0, 3.0], "t": 0.3})
#: losses whose formulas lose nothing to speak of at these places
FAITHFUL = {"label_smoothing", "label_smoothing_uniform", "nll_loss", "softmax_entropy", "z_loss"}


@cache
def built(name: str) -> tuple[Derivation, Kernel]:
    derivation = derive(catalogue()[name])
    return derivation, kernel(derivation)


@cache
def found(name: str) -> Comparison | None:
    return comparison(*built(name))


# --- a formula as it is written ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalogue())
def test_in_float64_it_is_what_the_kernel_computes(name: str) -> None:
    """Where nothing is lost both are the loss and its gradient: at a point like any other."""
    derivation, made = built(name)
    at, model = example(derivation.loss, made), derivation.model
    given = {"z": at.logits, **{p.name: at.rows.params[p.name] for p in derivation.loss.params}}
    for param in derivation.loss.params:
        if param.shape:
            given[param.name] = np.full(at.size, given[param.name])
    if at.target_row is not None:
        given["y"] = at.target_row
    if model.image is not None:
        given["a"] = [AsWritten(at.size, given, np.float64).value(model.image, {k: n}) for n in range(at.size)]
    written = AsWritten(at.size, given, np.float64)
    assert written.value(model.value, {c: 0}) == pytest.approx(at.rows.value(at.logits, at.target)[0], rel=1e-12)
    gradient = [written.value(derivation.gradient.final.result, {c: 0, j: n}) for n in range(at.size)]
    assert gradient == pytest.approx(at.rows.gradient(at.logits, at.target)[0], rel=1e-12, abs=1e-15)


def test_every_operation_is_rounded_to_float32() -> None:
    p = Softmax(z, c)
    assert FLOAT32.value(1 - p, {c: 0}) == 0.0
    assert FLOAT32.value(log(p), {c: 0}) == 0.0
    assert FLOAT32.value(p, {c: 1}) == np.float32(np.exp(-20.0))
    assert FLOAT32.value(1 + exp(z[k]), {k: 1}) == 2.0
    assert FLOAT32.value(Softplus(-z[k]), {k: 0}) == 0.0
    assert FLOAT32.value(Sigmoid(z[k]), {k: 0}) == 1.0
    assert FLOAT32.value(1 - tanh(z[k]), {k: 0}) == 0.0
    assert FLOAT32.value(LogSumExp(z[k], k)) == 20.0


def test_what_has_no_limit_gives_no_number() -> None:
    assert FLOAT32.value((1 - Softmax(z, c)) ** Symbol("t"), {c: 0}) == 0.0
    assert FLOAT32.value((1 - Softmax(z, c)) ** -Symbol("t"), {c: 0}) == float("inf")
    assert FLOAT32.value(1 / z[k] * log(1 - Softmax(z, c)), {k: 0, c: 0}) == float("-inf")
    assert FLOAT32.value(z[k] * log(1 - Softmax(z, c)), {k: 1, c: 0}) == 0.0  # 0 log 0


def test_choices_names_and_sums() -> None:
    total = FiniteSum(w[k], k)
    assert FLOAT32.value(total + K) == 8.5
    assert FLOAT32.value(Named(Symbol("L"), total)) == 5.5
    assert FLOAT32.value(ByCases(KroneckerDelta(k, j), w[k], z[k]), {k: 0, j: 0}) == 0.5
    assert FLOAT32.value(ByCases(KroneckerDelta(k, j), w[k], z[k]), {k: 0, j: 1}) == 20.0
    assert FLOAT32.value(Where(w[k] <= 2, Integer(1), Integer(2)), {k: 1}) == 1.0
    assert FLOAT32.value(Where(w[k] < 2, Integer(1), Integer(2)), {k: 1}) == 2.0


def test_what_has_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="no value in arithmetic"):
        FLOAT32.value(1 + sin(Symbol("t")))
    with pytest.raises(KeyError, match="nobody"):
        FLOAT32.value(Symbol("nobody"))


# --- where it differs from the kernel ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalogue())
def test_the_kernel_has_the_digits_that_the_formula_loses(name: str) -> None:
    at = found(name)
    assert (at is None) == (name in FAITHFUL)
    if at is not None:
        assert len(at.rows) >= 4
        assert sum(row.lost > 0 for row in at.rows) >= 2
        assert not at.rows[0].lost, "the reader sees where the formula is right, too"
        assert all(abs(row.kernel - row.exact) <= KEPT * abs(row.exact) for row in at.rows)


def test_exact_numbers_are_those_of_the_textbook() -> None:
    at = found("cross_entropy")
    assert at is not None
    assert (at.quantity, at.head) == ("the loss", "margin")
    for row in at.rows:
        assert mp.almosteq(row.exact, mp.log1p(2 * mp.exp(-row.step)), rel_eps=1e-15)
    near = found("distillation")
    assert near is not None
    assert (near.quantity, near.head) == ("the loss", "distance")
    for row in near.rows[:3]:  # half the variance of the distance: + at the first class, - at the second
        weights = [mp.exp(x) for x in (1.5, 0.75, 0)]
        q = [x / mp.fsum(weights) for x in weights]
        variance = q[0] + q[1] - (q[0] - q[1]) ** 2
        assert abs(row.exact / (row.step**2 * variance / 2) - 1) < row.step / 3 + 0.01


@pytest.mark.parametrize("name", sorted(set(catalogue()) - FAITHFUL))
@pytest.mark.parametrize("nudge", [-1, 1])
def test_another_machine_shows_the_same_numbers(name: str, nudge: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digits shown do not hang on the last one of a function, or on the last few of a kernel."""
    at = found(name)
    assert at is not None
    for row in at.rows:
        assert number(row.kernel) == number(row.kernel * (1 + nudge * 1e-6)) == number(row.exact)
    nudged = {f: _nudged(g, nudge) for f, g in as_written._FUNCTIONS.items()}
    monkeypatch.setattr(as_written, "_FUNCTIONS", nudged)
    for function in ("exp", "log"):
        monkeypatch.setattr(as_written.np, function, _nudged(getattr(np, function), nudge))
    other = comparison(*built(name))
    assert other is not None
    assert (other.quantity, other.where) == (at.quantity, at.where)
    assert [number(r.formula) for r in other.rows] == [number(r.formula) for r in at.rows]


def _nudged(function, nudge):  # type: ignore[no-untyped-def]
    """A function that is off by one unit of the last place in float64; in float32 it is itself."""

    def other(x, *args, **options):  # type: ignore[no-untyped-def]
        result = function(x, *args, **options)
        if getattr(result, "dtype", None) == np.float64 and np.ndim(result) == 0:
            return np.nextafter(result, nudge * np.inf)
        return result

    return other


def test_a_place_counts_by_what_is_lost_there() -> None:
    right = Numbers(1.0, mp.mpf(1), 1.0, 1.0)
    assert right.lost == 0
    assert replace(right, formula=1.2).lost == 1
    assert replace(right, formula=0.0).lost == 1
    assert replace(right, formula=float("nan")).lost == 2
    at = Comparison("the loss", "margin", "", "", (right, replace(right, formula=0.0)))
    assert at.lost == 1
    assert at.kept
    assert not replace(at, rows=(replace(right, kernel=1.001),)).kept


def test_numbers_as_cells() -> None:
    assert [number(x) for x in (0.0, mp.mpf("2.0612e-9"), float("nan"), float("-inf"), 12.345)] == [
        "0",
        r"$2.06 \times 10^{-9}$",
        "NaN",
        r"$-\infty$",
        "$12.3$",
    ]

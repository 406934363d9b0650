"""The oracle where floats end: huge logits, margins, masks, infinities, single ulps, subnormals, many classes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from language.statements import loss as stated

from symce.losses import catalogue
from symce.verify.oracle import NoAgreement, oracle
from symce.verify.rounding import nearest
from symce.verify.semantics import Undefined

INF = math.inf
C = catalogue()
SINGLE = 3e38


def agree(found: Any, right: Any, digits: int = 28) -> None:
    for a, b in zip(np.ravel(found), np.ravel(right), strict=True):
        assert abs(a - b) <= abs(b) * mp.mpf(10) ** -digits, (mp.nstr(a), mp.nstr(b))


@pytest.fixture(autouse=True)
def digits() -> Any:
    with mp.workdps(60):
        yield


@pytest.mark.parametrize("huge", [1e4, 1e30, SINGLE, 1e308])
def test_one_huge_logit(huge: float) -> None:
    with mp.workdps(400):
        gap = mp.mpf(huge) - 1
        tiny = mp.exp(-gap)
    right, wrong = (oracle(C["cross_entropy"], [huge, 1.0], y, v=[1.0, 0.0]) for y in ([1, 0], [0, 1]))
    agree([right.value, *right.gradient, *right.hvp], [tiny, -tiny, tiny, tiny, -tiny])
    agree([wrong.value, *wrong.gradient, *wrong.hvp], [gap, 1, -1, tiny, -tiny])
    focal = oracle(C["focal"], [huge, 1.0], 0, {"gamma": 0.5, "alpha": 1.0})
    with mp.workdps(400):
        agree(
            [focal.value, *focal.gradient], [tiny ** mp.mpf(1.5), -1.5 * tiny ** mp.mpf(1.5), 1.5 * tiny ** mp.mpf(1.5)]
        )
    labels = oracle(C["bce_with_logits"], [huge, -huge], [1, 1])
    agree(labels.value, mp.mpf(huge))
    agree(labels.gradient[1], -1)
    with mp.workdps(400):
        agree(labels.gradient[0], -mp.exp(-mp.mpf(huge)))


def test_both_ends_of_float64() -> None:
    largest = float(np.finfo(np.float64).max)
    found = oracle(C["cross_entropy"], [largest, -largest], [0, 1])
    agree(found.value, 2 * mp.mpf(largest))
    assert nearest(found.value, "float64") == INF
    agree(found.gradient, [1, -1])


@pytest.mark.parametrize("margin", [16.7, 37.3, 87.1, 103.9, 699.7, 744.3])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_margins(margin: float, gamma: float) -> None:
    """Probabilities below what float32, then float64 have beside 1, and at all."""
    found = oracle(C["focal"], [margin, 0.0], 0, {"gamma": gamma, "alpha": 1.0}, [1.0, -1.0])
    with mp.workdps(1500):
        q = 1 / (1 + mp.exp(mp.mpf(margin)))
        p, log = 1 - q, mp.log(1 - q)
        agree(found.value, -(q**gamma) * log)
        core = q**gamma * (q - gamma * p * log)
        agree(found.gradient, [-core, core])


def test_subnormal_results() -> None:
    found = oracle(C["cross_entropy"], [100.0, 0.0], [1, 0])
    agree(found.gradient[0], -1 / (1 + mp.exp(100)))
    assert nearest(found.gradient[0], "float32") == float(-(np.float32(2) ** -149) * 27)
    assert 0 < nearest(oracle(C["cross_entropy"], [744.0, 0.0], [1, 0]).value, "float64") == 2.0**-1073


def test_one_ulp_apart() -> None:
    one, next_one = 1.0, math.nextafter(1.0, 2)
    found = oracle(C["kl_target_softmax"], [one, next_one], [0.5, 0.5])
    with mp.workdps(100):
        half = mp.ldexp(1, -53)  # half the distance: the divergence is log cosh of it
        agree(found.value, mp.log(mp.cosh(half)))
        agree(found.gradient, [-mp.tanh(half) / 2, mp.tanh(half) / 2])
    # its terms are about 1
    assert found.terms.value > 0.5
    least = 5e-324
    agree(oracle(C["cross_entropy"], [least, 0.0], [0.5, 0.5]).gradient, [mp.mpf(least) / 4, -mp.mpf(least) / 4])


def test_masked_classes() -> None:
    found = oracle(C["poly1"], [-INF, 0.0, -INF, 0.0], [0, 1, 0, 0], {"eps": 1.0}, [1.0, 1.0, 1.0, 0.0])
    agree(found.value, mp.log(2) + 0.5)
    agree(found.gradient, [0, -0.75, 0, 0.75])
    assert (found.gradient[0], found.hvp[0], found.hvp[2]) == (0, 0, 0)
    true_class = oracle(C["label_smoothing_uniform"], [-INF, 0.0], 0, {"eps": 0.0})
    assert (true_class.value, true_class.gradient) == (INF, (-1, 1))
    nothing = oracle(C["cross_entropy"], [-INF, -INF], [1, 0])
    assert mp.isnan(nothing.value)
    assert all(mp.isnan(g) for g in nothing.gradient)


def test_nan_stays_nan() -> None:
    found = oracle(C["cross_entropy"], [math.nan, 0.0, 1.0], [0, 1, 0])
    assert mp.isnan(found.value)
    assert all(mp.isnan(g) for g in found.gradient)


@pytest.mark.parametrize(
    ("name", "target", "value", "gradient"),
    [
        ("cross_entropy", [0, 1, 0], 0, [0, 0, 0]),
        ("cross_entropy", [1, 0, 0], INF, [-1, 1, 0]),
        ("focal", 1, 0, [0, 0, 0]),
        ("focal", 0, INF, [-1, 1, 0]),
        ("brier", [1, 0, 0], 2, [0, 0, 0]),
        ("softmax_entropy", None, 0, [0, 0, 0]),
        ("poly1", [0, 1, 0], 0, [0, 0, 0]),
    ],
)
def test_one_logit_of_infinity(name: str, target: Any, value: float, gradient: list[float]) -> None:
    z = [0.5, INF, -3.0]
    found = oracle(C[name], z, target, infinite="limit")
    assert (found.value, list(found.gradient)) == (value, gradient)
    if value != INF:  # it is the limit
        near = oracle(C[name], [0.5, 1e300, -3.0], target)
        assert abs(near.value - value) < 1e-30
        assert all(abs(a - b) < 1e-30 for a, b in zip(near.gradient, gradient, strict=True))
    assert mp.isnan(oracle(C[name], z, target).value)
    assert mp.isnan(oracle(C[name], [INF, INF, 0.0], target, infinite="limit").value), "of two there is no limit"


def test_infinity_elsewhere() -> None:
    found = oracle(C["bce_with_logits"], [INF, -INF, 0.0], [1, 0, 1], v=[1.0, 1.0, 1.0])
    agree(found.value, mp.log(2))
    assert [float(g) for g in found.gradient] == [0, 0, -0.5]
    assert [float(g) for g in found.hvp] == [0, 0, 0.25]
    assert oracle(C["z_loss"], [INF, 0.0], [1, 0], infinite="limit").value == INF


def test_one_class() -> None:
    found = oracle(C["cross_entropy"], [3.25], [1], v=[1.0])
    assert (found.value, found.gradient, found.hvp) == (0, (0,), (0,))
    assert (found.terms.value, found.terms.gradient) == (0, (0,))
    assert oracle(C["focal"], [3.25], 0, {"gamma": 0.5, "alpha": 1.0}).gradient == (0,)
    with pytest.raises(Undefined, match="K = 1"):
        oracle(C["label_smoothing"], [3.25], 0)


def test_exact_targets_and_parameters() -> None:
    third = Fraction(1, 3)
    found = oracle(C["cross_entropy"], [0.0, 0.0, 0.0], [third] * 3)
    assert (found.gradient, nearest(found.value, "float64")) == ((0, 0, 0), math.log(3))
    # the effective target of label smoothing, exact, is the loss that has it built in
    eps = Fraction(1, 10)
    smooth = [(1 - eps) * (k == 1) + eps / 3 for k in range(3)]
    z = [0.5, -1.25, 2.0]
    a, b = oracle(C["cross_entropy"], z, smooth), oracle(C["label_smoothing_uniform"], z, 1, {"eps": eps})
    agree([a.value, *a.gradient], [b.value, *b.gradient])
    y = [mp.mpf(1) / 3, mp.mpf(2) / 3]
    agree(oracle(C["cross_entropy"], [0.0, 0.0], y).gradient, [mp.mpf(1) / 2 - y[0], mp.mpf(1) / 2 - y[1]])


def test_a_thousand_classes() -> None:
    """Against sums over all pairs at 60 digits; reverse mode makes it O(K)."""
    rng = np.random.default_rng(0)
    z, y, v = rng.normal(size=1000) * 5, rng.uniform(size=1000), rng.normal(size=1000)
    found = oracle(C["cross_entropy"], z, y, v=v)
    focal = oracle(C["focal"], z, 7, {"gamma": 2.0, "alpha": 1.0})
    exps = [mp.exp(x) for x in z]
    mass, total = mp.fsum(exps), mp.fsum(y)
    p = [e / mass for e in exps]
    dot = mp.fsum(a * b for a, b in zip(p, v, strict=True))
    agree(found.value, mp.fsum(a * (mp.log(mass) - mp.mpf(x)) for a, x in zip(y, z, strict=True)))
    agree(found.gradient, [a * total - b for a, b in zip(p, y, strict=True)])
    agree(found.hvp, [a * (b - dot) * total for a, b in zip(p, v, strict=True)])
    q = 1 - p[7]
    core = q * (q - 2 * p[7] * mp.log(p[7]))
    agree(focal.gradient, [-core * q if k == 7 else core * x for k, x in enumerate(p)])


def test_sums_are_read_once_for_all_classes() -> None:
    """A sum within a sum that does not depend on the outer index: 1,000 terms, not a million."""
    z = np.random.default_rng(1).normal(size=1000)
    found = oracle(stated("Sum(exp(z[k] - logsumexp(z[l], l))*z[k], k)", "none"), z)
    expected = oracle(stated("Sum(p[k]*z[k], k)", "none"), z)
    agree([found.value, *found.gradient], [expected.value, *expected.gradient])


@pytest.mark.parametrize("x", [40.5, 438.25, -600.5])
def test_a_logit_far_from_zero_counts_as_logits_far_apart(x: float) -> None:
    """Both derivatives are what is left of terms of size 1, though there is one logit alone."""
    found = oracle(stated("exp(z[c])/(1 + exp(z[c]))"), [x], 0, v=[1.0])
    with mp.workdps(1500):
        s, r = 1 / (1 + mp.exp(-mp.mpf(x))), 1 / (1 + mp.exp(mp.mpf(x)))
        agree([found.value, *found.gradient, *found.hvp], [s, s * r, s * r * (r - s)])
    cooled = oracle(stated("-log(1 - Sum(y[k]*p[k], k))", "distribution", "z[k]/T"), [x, 0.0], [1, 0], {"T": 0.125})
    with mp.workdps(6000):
        agree(cooled.value, mp.log1p(mp.exp(8 * mp.mpf(x))))


def test_what_is_lost_is_not_guessed() -> None:
    """At a distance of 1e30 nothing is left of 1 - p, at any precision: no number is made up."""
    lossy = stated("-log(1 - Sum(y[k]*p[k], k))", "distribution")
    with pytest.raises(NoAgreement, match="no 30 digits"):
        oracle(lossy, [1e30, 0.0], [1, 0])
    agree(oracle(lossy, [5000.0, 0.0], [1, 0]).value, 5000)
    agree(oracle(stated("-log(1 - p[c])"), [1e30, 0.0], 0).value, mp.mpf(1e30))


def test_a_log_sum_exp_of_numbers_that_no_logit_enters_is_read_at_the_digits_that_it_takes() -> None:
    z = [699.4591564978574, -1.3985806392697504, -1.369593882053595]
    t = [699.4591739378833, -1.39859108328204, -1.369610153412329]
    loss = catalogue()["distillation"]
    assert mp.nstr(oracle(loss, z, None, {"t": t, "T": 1.0}).value, 15) == "4.07163224723837e-314"

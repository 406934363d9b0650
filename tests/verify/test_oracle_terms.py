"""Sizes of terms, against sums of absolute values written out by hand, one term after the other."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_losses.statements import UNSEEN

from symce.losses import catalogue
from symce.losses.loss import Loss
from symce.verify.oracle import Exact, oracle
from symce.verify.semantics import Undefined

C = catalogue()
Z = [0.5, -1.25, 2.0]
Y = [0.25, 0.625, 0.125]
V = [1.5, -0.5, 2.0]
CLASSES = range(3)


def softmax() -> list[Any]:
    exps = [mp.exp(x) for x in Z]
    return [e / mp.fsum(exps) for e in exps]


def slopes(p: list[Any]) -> list[list[Any]]:
    """|d log p_k / d z_j|."""
    return [[1 - p[k] if j == k else p[j] for j in CLASSES] for k in CLASSES]


def agree(found: Any, right: Any) -> None:
    for a, b in zip(np.ravel(found), np.ravel(right), strict=True):
        assert abs(a - b) <= abs(b) * mp.mpf(10) ** -25, (mp.nstr(a), mp.nstr(b))


@pytest.fixture(autouse=True)
def digits() -> Any:
    with mp.workdps(40):
        yield


def test_cross_entropy() -> None:
    terms = oracle(C["cross_entropy"], Z, Y, v=V).terms
    p = softmax()
    slope = slopes(p)
    agree(terms.value, sum(y * -mp.log(q) for y, q in zip(Y, p, strict=True)))
    agree(terms.gradient, [sum(Y[k] * slope[k][j] for k in CLASSES) for j in CLASSES])
    # the derivative along v of each slope: p_j times that of log p_j
    rise = [p[j] * sum(slope[j][i] * abs(V[i]) for i in CLASSES) for j in CLASSES]
    agree(terms.hvp, [sum(Y[k] * rise[j] for k in CLASSES) for j in CLASSES])


def test_brier_crosses_zero_and_its_terms_do_not() -> None:
    p = softmax()
    y = [float(x) for x in p]
    y[0], y[1] = y[0] + 2.0**-50, y[1] - 2.0**-50
    found = oracle(C["brier"], Z, y)
    slope = slopes(p)
    agree(found.terms.value, sum((a + b) ** 2 for a, b in zip(p, y, strict=True)))
    right = [sum(2 * (p[k] + y[k]) * p[k] * slope[k][j] for k in CLASSES) for j in CLASSES]
    agree(found.terms.gradient, right)
    assert all(abs(g) < 1e-14 * size for g, size in zip(found.gradient, found.terms.gradient, strict=True))


def test_entropy_and_poly1() -> None:
    p = softmax()
    slope = slopes(p)
    terms = oracle(C["softmax_entropy"], Z).terms
    agree(terms.value, sum(-q * mp.log(q) for q in p))
    agree(terms.gradient, [sum((p[k] - p[k] * mp.log(p[k])) * slope[k][j] for k in CLASSES) for j in CLASSES])
    terms = oracle(C["poly1"], Z, Y, {"eps": -2.0}).terms
    agree(terms.value, sum(-Y[k] * mp.log(p[k]) for k in CLASSES) + 2 * (1 + sum(Y[k] * p[k] for k in CLASSES)))
    agree(terms.gradient, [sum((Y[k] + 2 * Y[k] * p[k]) * slope[k][j] for k in CLASSES) for j in CLASSES])


def test_z_loss() -> None:
    p = softmax()
    mass = mp.log(sum(mp.exp(x) for x in Z))
    terms = oracle(C["z_loss"], Z, Y, {"tau": 0.5}).terms
    agree(terms.value, sum(-Y[k] * mp.log(p[k]) for k in CLASSES) + mass**2 / 2)
    slope = slopes(p)
    agree(terms.gradient, [sum(Y[k] * slope[k][j] for k in CLASSES) + mass * p[j] for j in CLASSES])


def test_labels() -> None:
    y = [1.0, 0.25, 0.0]
    found = oracle(C["bce_with_logits"], Z, y, v=V)
    s = [1 / (1 + mp.exp(-x)) for x in Z]
    # 1 - y is exact: one term, and none at y = 1
    agree(found.terms.value, found.value)
    agree(found.terms.gradient, [a * (1 - b) + (1 - a) * b for a, b in zip(y, s, strict=True)])
    agree(found.terms.hvp, [b * (1 - b) * abs(v) for b, v in zip(s, V, strict=True)])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("z", [[0.5, -1.25, 2.0], [40.5, 1.0, 0.25], [-30.0, 5.0, 5.0]])
def test_focal_has_nothing_to_cancel(gamma: float, z: list[float]) -> None:
    found = oracle(C["focal"], z, 0, {"gamma": gamma, "alpha": 0.25})
    agree(found.terms.value, found.value)
    agree(found.terms.gradient, [abs(g) for g in found.gradient])


def test_a_sum_in_a_factor_counts_with_absolute_values() -> None:
    p = softmax()
    loss = Loss("sample", "t", "index", "(z[c] - Sum(z[k], k))*(p[c] - 3)/(1 + p[c])")
    terms = oracle(loss, Z, 1).terms
    agree(terms.value, (1.25 + 3.75) * (p[1] + 3) / (1 + p[1]))
    # of z_0 - sum z, of p_c - 3, of 1/(1 + p_c)
    sizes = 5, p[1] + 3, 1 / (1 + p[1])
    slope = slopes(p)[1]
    right = [
        ((2 if j == 1 else 1) * sizes[1] * sizes[2])
        + sizes[0] * p[1] * slope[j] * sizes[2]
        + sizes[0] * sizes[1] * sizes[2] ** 2 * p[1] * slope[j]
        for j in CLASSES
    ]
    agree(terms.gradient, right)


def test_masked_classes_have_no_terms() -> None:
    found = oracle(C["cross_entropy"], [-mp.inf, 0.0, 1.0], [0, 1, 0], v=V)
    assert (found.terms.gradient[0], found.terms.hvp[0]) == (0, 0)
    found = oracle(C["softmax_entropy"], [-mp.inf, 0.0, 1.0])
    assert found.terms.gradient[0] == 0
    agree(found.terms.value, found.value)


def numbers(found: Exact) -> list[tuple[Any, Any]]:
    values = [found.value, *found.gradient, *found.hvp]
    return list(zip(values, [found.terms.value, *found.terms.gradient, *found.terms.hvp], strict=True))


@pytest.mark.parametrize("name", sorted({**C, **UNSEEN}))
@given(st.data())
@settings(max_examples=5, deadline=None)
def test_no_result_is_larger_than_its_terms(name: str, data: st.DataObject) -> None:
    loss = {**C, **UNSEEN}[name]
    size = data.draw(st.integers(2, 4))
    wide = st.floats(-40, 40) | st.floats(-2, 2)

    def vector(entries: Any) -> list[float]:
        return data.draw(st.lists(entries, min_size=size, max_size=size))

    inside = st.floats(0.125, 0.875)
    target = None if loss.target == "none" else 0 if loss.target == "index" else vector(inside)
    params = {p.name: vector(inside) if p.shape else data.draw(inside) for p in loss.params}
    try:
        found = oracle(loss, vector(wide), target, params, vector(st.floats(-2, 2)))
    except Undefined:
        return
    for value, terms in numbers(found):
        assert not mp.isfinite(value) or abs(value) <= terms * (1 + mp.mpf(10) ** -25), name

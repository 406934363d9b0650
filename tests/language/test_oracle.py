"""The oracle against formulas written by hand, mpmath's numerical derivative and PyTorch's autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language.statements import loss as stated

from symce.losses import catalogue
from symce.losses.loss import Loss
from symce.verify.oracle import NoAgreement, oracle
from symce.verify.semantics import Undefined

INF = float("inf")
C = catalogue()


def softmax(z: Any) -> list[Any]:
    top = max(z)
    exps = [mp.exp(x - top) for x in z]
    return [e / mp.fsum(exps) for e in exps]


def agree(found: Any, right: Any, digits: int = 28) -> None:
    with mp.workdps(60):
        for a, b in zip(np.ravel(found), np.ravel(right), strict=True):
            assert abs(a - b) <= abs(b) * mp.mpf(10) ** -digits, (a, b)


# --- by hand: values and gradients, as the textbooks print them ------------------------------------------------------

logits = st.lists(st.floats(-700, 700), min_size=1, max_size=5)


@given(logits, st.data())
@settings(max_examples=25)
def test_cross_entropy_by_hand(z: list[float], data: st.DataObject) -> None:
    y = data.draw(st.lists(st.floats(0, 2), min_size=len(z), max_size=len(z)))
    v = data.draw(st.lists(st.floats(-3, 3), min_size=len(z), max_size=len(z)))
    found = oracle(C["cross_entropy"], z, y, v=v)
    with mp.workdps(1500):
        p, z, y, v = softmax([mp.mpf(x) for x in z]), *([mp.mpf(x) for x in a] for a in (z, y, v))
        total, dot = mp.fsum(y), mp.fsum(a * b for a, b in zip(p, v, strict=True))
        agree(found.value, mp.fsum(-a * mp.log(b) for a, b in zip(y, p, strict=True) if a))
        # p_j sum(y) - y_j cancels where p_j sum(y) is nearly y_j: what is left is wanted to all digits all the same
        agree(found.gradient, [a * total - b if len(z) > 1 else 0 for a, b in zip(p, y, strict=True)])
        agree(found.hvp, [a * (b - dot) * total if len(z) > 1 else 0 for a, b in zip(p, v, strict=True)])


@given(st.lists(st.floats(-700, 700), min_size=2, max_size=4), st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]))
@settings(max_examples=25)
def test_focal_by_hand(z: list[float], gamma: float) -> None:
    found = oracle(C["focal"], z, 0, {"gamma": gamma, "alpha": 0.25})
    with mp.workdps(1500):
        p = softmax([mp.mpf(x) for x in z])
        q = mp.fsum(p[1:])
        agree(found.value, -mp.mpf(0.25) * q**gamma * mp.log(p[0]))
        factor = mp.mpf(0.25) * q ** (mp.mpf(gamma) - 1) * (q - gamma * p[0] * mp.log(p[0]))
        agree(found.gradient, [-factor * q, *(factor * x for x in p[1:])])


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=4), st.data())
@settings(max_examples=25)
def test_binary_cross_entropy_by_hand(z: list[float], data: st.DataObject) -> None:
    y = data.draw(st.lists(st.floats(0, 1), min_size=len(z), max_size=len(z)))
    found = oracle(C["bce_with_logits"], z, y)
    with mp.workdps(1500):
        s = [1 / (1 + mp.exp(-mp.mpf(x))) for x in z]
        r = [1 / (1 + mp.exp(mp.mpf(x))) for x in z]
        y = [mp.mpf(x) for x in y]
        agree(found.value, -mp.fsum(a * mp.log(b) + (1 - a) * mp.log(c) for a, b, c in zip(y, s, r, strict=True)))
        agree(found.gradient, [b - a for a, b in zip(y, s, strict=True)])


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=4), st.data())
@settings(max_examples=25)
def test_both_divergences_by_hand(z: list[float], data: st.DataObject) -> None:
    y = data.draw(st.lists(st.floats(0.01, 1), min_size=len(z), max_size=len(z)))
    forward, backward = oracle(C["kl_target_softmax"], z, y), oracle(C["kl_softmax_target"], z, y)
    with mp.workdps(300):
        p, y = softmax([mp.mpf(x) for x in z]), [mp.mpf(x) for x in y]
        agree(forward.value, mp.fsum(a * mp.log(a / b) for a, b in zip(y, p, strict=True)))
        agree(forward.gradient, [b * mp.fsum(y) - a for a, b in zip(y, p, strict=True)])
        divergence = mp.fsum(b * mp.log(b / a) for a, b in zip(y, p, strict=True))
        agree(backward.value, divergence)
        agree(backward.gradient, [b * (mp.log(b / a) - divergence) for a, b in zip(y, p, strict=True)])


# --- losses of no textbook: mpmath's numerical derivative of a formula in Python --------------------------------------

Formula = Callable[[Any, Any, Any], Any]
STRANGE: dict[str, tuple[Loss, Any, dict[str, Any], Formula]] = {
    "poly1": (
        stated("-Sum(y[k]*log(p[k]), k) + eps*(1 - Sum(y[k]*p[k], k))", "distribution"),
        [0.25, 0.5, 0.25],
        {"eps": 0.5},
        lambda z, p, y: (
            -sum(a * mp.log(b) for a, b in zip(y, p, strict=True))
            + (1 - sum(a * b for a, b in zip(y, p, strict=True))) / 2
        ),
    ),
    "pairs": (
        stated("Sum(y[k]*Sum(w[l]*tanh(z[k] - z[l])*p[l], l), k)/K", "weights"),
        [0.5, 1.5, 0.25],
        {"w": [1.0, 0.5, 2.0]},
        lambda z, p, y: (
            sum(y[k] * w * mp.tanh(z[k] - z[i]) * p[i] for k in range(3) for i, w in enumerate((1, mp.mpf("0.5"), 2)))
            / 3
        ),
    ),
    "mass": (
        stated("logsumexp(2*z[k], k)*sqrt(1 + exp(z[c])) + abs(z[c])**gamma", "index"),
        1,
        {"gamma": 2.5},
        lambda z, p, y: mp.log(sum(mp.exp(2 * x) for x in z)) * mp.sqrt(1 + mp.exp(z[1])) + abs(z[1]) ** mp.mpf(2.5),
    ),
    "kinks": (
        stated("Sum(where(k != c, max(0, 1 + z[k] - z[c], min(p[k], p[c])), where(p[k] < 0.5, z[k], 3)), k)", "index"),
        0,
        {},
        lambda z, p, y: (
            sum(max(mp.mpf(0), 1 + z[k] - z[0], min(p[k], p[0])) for k in (1, 2)) + (z[0] if p[0] < 0.5 else 3)
        ),
    ),
    "labels": (
        stated("Sum(y[k]*softplus(-z[k]) + (1 - y[k])*s[k]**2, k) - Sum(sigmoid(z[k]), k)/K", "multilabel"),
        [1.0, 0.25, 0.0],
        {},
        lambda z, p, y: sum(
            b * mp.log(1 + mp.exp(-a)) + (1 - b) / (1 + mp.exp(-a)) ** 2 - 1 / (1 + mp.exp(-a)) / 3
            for a, b in zip(z, y, strict=True)
        ),
    ),
    "capped": (
        stated("-Sum(y[k]*log(p[k]), k)**2", "distribution", logits="T*tanh(z[k]/T) + t[k]"),
        [0.5, 0.25, 0.25],
        {"T": 2.0, "t": [0.5, -0.25, 1.0]},
        lambda z, p, y: (
            -(
                sum(
                    a * mp.log(b)
                    for a, b in zip(
                        y,
                        softmax([2 * mp.tanh(x / 2) + t for x, t in zip(z, (0.5, -0.25, 1.0), strict=True)]),
                        strict=True,
                    )
                )
                ** 2
            )
        ),
    ),
}


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("z", [[0.5, -1.25, 2.0], [-3.0, 0.125, 0.25]])
def test_derivatives_by_differences(name: str, z: list[float]) -> None:
    loss, target, params, formula = STRANGE[name]
    v = [0.5, 1.0, -2.0]
    found = oracle(loss, z, target, params, v)
    y = [] if isinstance(target, int) else [mp.mpf(a) for a in target]
    with mp.workdps(120):

        def value(*x: Any) -> Any:
            return formula(x, softmax(x), y)

        point = tuple(mp.mpf(x) for x in z)
        agree(found.value, value(*point))
        for j in range(3):
            unit = [int(i == j) for i in range(3)]
            agree(found.gradient[j], mp.diff(value, point, tuple(unit)), 25)
            second = [mp.diff(value, point, tuple(a + int(i == k) for i, a in enumerate(unit))) for k in range(3)]
            right = mp.fsum(a * b for a, b in zip(second, v, strict=True))
            with mp.workdps(30):
                assert abs(found.hvp[j] - right) < mp.mpf(10) ** -24


def test_autograd_agrees() -> None:
    import torch

    z = torch.tensor([[0.5, -1.25, 2.0]], dtype=torch.float64, requires_grad=True)
    value = torch.nn.functional.cross_entropy(z, torch.tensor([1]), label_smoothing=0.25)
    (gradient,) = torch.autograd.grad(value, z, create_graph=True)
    (hvp,) = torch.autograd.grad((gradient * torch.tensor([[0.5, 1.0, -2.0]])).sum(), z)
    found = oracle(C["label_smoothing_uniform"], [0.5, -1.25, 2.0], 1, {"eps": 0.25}, [0.5, 1.0, -2.0])
    assert float(found.value) == pytest.approx(value.item(), rel=1e-14)
    np.testing.assert_allclose([float(x) for x in found.gradient], gradient[0].detach(), rtol=1e-14)
    np.testing.assert_allclose([float(x) for x in found.hvp], hvp[0], rtol=1e-13)


# --- where floating point gives up ------------------------------------------------------------------------------------


def test_probabilities_that_no_float_holds() -> None:
    found = oracle(C["cross_entropy"], [1e30, -1e30, 0.0], [1, 0, 0])
    with mp.workdps(60):
        agree(found.gradient[0], -mp.exp(-mp.mpf(1e30)))
        agree(found.value, mp.exp(-mp.mpf(1e30)))
    found = oracle(C["cross_entropy"], [1000.0, 0.0, -1000.0], [0, 0, 1])
    agree([found.value, found.gradient[2]], [2000, -1])


def test_what_a_statement_loses_beside_one_is_found_again() -> None:
    """log(1 - sum) is taken at 950 digits: at 60 it is log 0."""
    lossy = stated("-log(1 - Sum(y[k]*p[k], k))", "distribution")
    found = oracle(lossy, [1000.0, 0.0], [1, 0])
    agree(found.value, 1000)
    agree(found.gradient, [1, -1])


@pytest.mark.parametrize(
    ("name", "z", "target", "value", "gradient"),
    [
        ("cross_entropy", [-INF, 0.0, 0.0], [0, 1, 0], mp.log(2), [0, -0.5, 0.5]),
        ("cross_entropy", [-INF, 0.0, 0.0], [1, 0, 0], INF, [-1, 0.5, 0.5]),
        ("cross_entropy", [-INF, -INF, 7.0], [0, 0, 1], 0, [0, 0, 0]),
        ("softmax_entropy", [-INF, 0.0, 0.0], None, mp.log(2), [0, 0, 0]),
        ("kl_softmax_target", [-INF, 0.0, 0.0], [0, 0.25, 0.25], mp.log(2), [0, 0, 0]),
        ("kl_softmax_target", [0.0, 0.0], [1, 0], INF, [-INF, INF]),
        ("kl_target_softmax", [-INF, 0.0, 0.0], [0, 1, 0], mp.log(2), [0, -0.5, 0.5]),
        ("focal", [-INF, 0.0, 0.0], 1, mp.log(2) / 4, None),
        ("focal", [-INF, 0.0, 0.0], 0, INF, [-1, 0.5, 0.5]),
        ("bce_with_logits", [-INF, 0.0], [0, 0.5], mp.log(2), [0, 0]),
        ("nll_loss", [-INF, 0.0], 0, INF, [-1, 0]),
    ],
)
def test_masked_classes(name: str, z: list[float], target: Any, value: Any, gradient: Any) -> None:
    found = oracle(C[name], z, target, v=[1.0] * len(z))
    assert found.value == value or abs(found.value - value) < 1e-15
    if gradient is not None:
        assert [float(g) for g in found.gradient] == gradient


def test_digits_as_many_as_asked_for() -> None:
    found = oracle(C["cross_entropy"], [0.0, 1.0], [0, 1], digits=1500)
    with mp.workdps(1600):
        agree(found.value, mp.log1p(mp.exp(-1)), 1500)


def test_zero_is_zero() -> None:
    """A value that is 0 for every logit, of which each precision sees another rounding error."""
    found = oracle(stated("Sum(p[k], k)", "none"), [0.1, 0.2, 0.7], v=[1.0, 2.0, 3.0])
    assert (found.value, found.gradient, found.hvp) == (1, (0, 0, 0), (0, 0, 0))
    found = oracle(stated("logsumexp(z[k], k) - z[c] + log(p[c])", "index"), [0.1, 0.2, 0.7], 1)
    assert (found.value, found.gradient) == (0, (0, 0, 0))


def test_what_has_no_value() -> None:
    with pytest.raises(Undefined, match="K = 1"):
        oracle(C["label_smoothing"], [0.5], 0)
    # the logarithm of what is 0 but for rounding errors: another number at each precision
    with pytest.raises(NoAgreement, match="no 30 digits"):
        oracle(stated("Sum(log(abs(tanh(z[k]) - 2*sigmoid(2*z[k]) + 1)), k)", "none"), [0.3, 1.7])

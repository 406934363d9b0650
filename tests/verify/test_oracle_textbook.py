"""The oracle against textbook definitions of every loss of the catalogue, in mpmath at 1,500 digits.

A definition is a sum of exponentials, with no shift and no stable form; gradients and Hessian-vector products are
mpmath's numerical derivatives of it, which take its differences at four times the digits asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symce.losses import catalogue
from symce.losses.loss import Loss, Param
from symce.verify.oracle import Exact, oracle

DIGITS = 1500
#: of a derivative
DIFFERENCES = 375
Numbers = list[Any]


def softmax(z: Numbers) -> Numbers:
    mass = mp.fsum(mp.exp(x) for x in z)
    return [mp.exp(x) / mass for x in z]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def logged(y: Any, p: Any) -> Any:
    """y log p, where 0 log 0 = 0."""
    return y * mp.log(p) if y else mp.mpf(0)


def cross_entropy(y: Numbers, p: Numbers) -> Any:
    return -mp.fsum(logged(a, b) for a, b in zip(y, p, strict=True))


def entropy(p: Numbers) -> Any:
    return cross_entropy(p, p)


def divergence(a: Numbers, b: Numbers) -> Any:
    """KL(a || b)."""
    return mp.fsum(logged(x, x / y) for x, y in zip(a, b, strict=True))


def onehot(c: int, size: int) -> Numbers:
    return [mp.mpf(k == c) for k in range(size)]


def smoothed(z: Numbers, c: int, eps: Any, share: Any) -> Any:
    """Cross-entropy with eps taken from the true class, and ``share`` of it given to each class."""
    return cross_entropy([(1 - eps) * y + share for y in onehot(c, len(z))], softmax(z))


def label_smoothing(z: Numbers, c: int, eps: Any) -> Any:
    y = [1 - eps if k == c else eps / (len(z) - 1) for k in range(len(z))]
    return cross_entropy(y, softmax(z))


def sigmoid_focal(z: Numbers, y: Numbers, gamma: Any, alpha: Any, beta: Any) -> Any:
    return -mp.fsum(
        alpha * b * sigmoid(-a) ** gamma * mp.log(sigmoid(a))
        + beta * (1 - b) * sigmoid(a) ** gamma * mp.log(sigmoid(-a))
        for a, b in zip(z, y, strict=True)
    )


def distillation(z: Numbers, y: None, t: Numbers, T: Any) -> Any:
    return T**2 * divergence(softmax([x / T for x in t]), softmax([x / T for x in z]))


def focal(z: Numbers, c: int, gamma: Any, alpha: Numbers) -> Any:
    p = softmax(z)
    return -alpha[c] * (1 - p[c]) ** gamma * mp.log(p[c])


#: name, and the loss as a function of logits, target and parameters by name
TEXTBOOK: dict[str, Callable[..., Any]] = {
    "bce_with_logits": lambda z, y: (
        cross_entropy(y, [sigmoid(x) for x in z]) + cross_entropy([1 - a for a in y], [sigmoid(-x) for x in z])
    ),
    "brier": lambda z, y: mp.fsum((a - b) ** 2 for a, b in zip(softmax(z), y, strict=True)),
    "confidence_penalty": lambda z, y, beta: cross_entropy(y, softmax(z)) - beta * entropy(softmax(z)),
    "cross_entropy": lambda z, y: cross_entropy(y, softmax(z)),
    "distillation": distillation,
    "focal": focal,
    "generalised_cross_entropy": lambda z, c, r: (1 - softmax(z)[c] ** r) / r,
    "info_nce": lambda z, c, T: -mp.log(mp.exp(z[c] / T) / mp.fsum(mp.exp(x / T) for x in z)),
    "kl_softmax_target": lambda z, y: divergence(softmax(z), y),
    "kl_target_softmax": lambda z, y: divergence(y, softmax(z)),
    "label_smoothing": label_smoothing,
    "label_smoothing_uniform": lambda z, c, eps: smoothed(z, c, eps, eps / len(z)),
    "nll_loss": lambda z, c: -z[c],
    "poly1": lambda z, y, eps: (
        cross_entropy(y, softmax(z)) + eps * (1 - mp.fsum(a * b for a, b in zip(y, softmax(z), strict=True)))
    ),
    "sigmoid_focal": sigmoid_focal,
    "soft_capped_cross_entropy": lambda z, y, cap: cross_entropy(y, softmax([cap * mp.tanh(x / cap) for x in z])),
    "softmax_entropy": lambda z, y: entropy(softmax(z)),
    "temperature_cross_entropy": lambda z, y, T: cross_entropy(y, softmax([x / T for x in z])),
    "weighted_cross_entropy": lambda z, y, w: cross_entropy([a * b for a, b in zip(w, y, strict=True)], softmax(z)),
    "z_loss": lambda z, y, tau: cross_entropy(y, softmax(z)) + tau * mp.log(mp.fsum(mp.exp(x) for x in z)) ** 2,
}
#: statements of a user's own
OWN = {
    loss.name: loss
    for loss in (
        Loss(
            "margins", "t", "index", "log(1 + Sum(where(k == c, 0, exp(r*(z[k] - z[c]))), k))/r",
            (Param("r", "positive", 2.0),),
        ),
        Loss("sums", "t", "distribution", "Sum(y[k]*Sum(p[i]*p[i], i)*log(p[k])**2, k)/(1 + Sum(p[k]**3, k))"),
        # of the difference nothing is left where p_c is near 1
        Loss("lossy", "t", "index", "log(1/2 - p[c]/(1 + p[c])) - log(p[c])"),
    )
}  # fmt: skip


def margins(z: Numbers, c: int, r: Any) -> Any:
    return mp.log(mp.fsum(mp.exp(r * (x - z[c])) for x in z)) / r


def sums(z: Numbers, y: Numbers) -> Any:
    p = softmax(z)
    squares, cubes = mp.fsum(x**2 for x in p), mp.fsum(x**3 for x in p)
    return mp.fsum(a * squares * mp.log(b) ** 2 for a, b in zip(y, p, strict=True)) / (1 + cubes)


def lossy(z: Numbers, c: int) -> Any:
    p = softmax(z)[c]
    return mp.log((1 - p) / (2 * (1 + p))) - mp.log(p)


OWN_TEXTBOOK: dict[str, Callable[..., Any]] = {"margins": margins, "sums": sums, "lossy": lossy}
LOSSES = {**catalogue(), **OWN}
FORMULAS = {**TEXTBOOK, **OWN_TEXTBOOK}
RANGES = {"unit": (0.0, 0.984375), "positive": (0.25, 5.0), "nonnegative": (0.0, 5.0), "real": (-3.0, 3.0)}


def test_every_loss_of_the_catalogue_has_a_definition_here() -> None:
    assert set(TEXTBOOK) == set(catalogue())
    assert set(OWN_TEXTBOOK) == set(OWN)


@st.composite
def rows(
    draw: st.DrawFn, loss: Loss, extent: float, **kind: Any
) -> tuple[list[float], Any, dict[str, Any], list[float]]:
    """Logits, a target, parameters within their domains, and a vector, as floats of a kind."""
    size = draw(st.integers(2, 3))

    def vector(least: float, largest: float) -> list[float]:
        return draw(st.lists(st.floats(least, largest, **kind), min_size=size, max_size=size))

    target: Any = None
    if loss.target == "index":
        target = draw(st.integers(0, size - 1))
    elif loss.target != "none":
        # a divergence from the target is infinite where the target is 0
        target = vector(1 / 64 if loss.name == "kl_softmax_target" else 0.0, 1.0)
    params: dict[str, Any] = {}
    for p in loss.params:
        least, largest = (-extent, extent) if p.name == "t" else RANGES[p.domain]
        params[p.name] = vector(least, largest) if p.shape else draw(st.floats(least, largest, **kind))
    return vector(-extent, extent), target, params, vector(-3.0, 3.0)


def exact(values: Any) -> Any:
    return [mp.mpf(x) for x in values] if isinstance(values, list) else mp.mpf(values)


def agree(found: Any, right: Any, places: int) -> None:
    """Equal to 28 digits; what is right but to 4/5 of the places is 0: nothing that comes here is as small as that."""
    if abs(right) < mp.mpf(10) ** (-0.8 * places):
        assert found == 0, (mp.nstr(found), mp.nstr(right))
    else:
        assert abs(found - right) <= abs(right) * mp.mpf(10) ** -28, (mp.nstr(found), mp.nstr(right))


def compare(name: str, row: Any, found: Exact, *, derivatives: bool) -> None:
    z, target, params, v = row
    with mp.workdps(DIGITS):
        y = exact(target) if isinstance(target, list) else target
        letters = {n: exact(a) for n, a in params.items()}
        point, direction = exact(z), exact(v)

        def value(*logits: Any) -> Any:
            return FORMULAS[name](list(logits), y, **letters)

        agree(found.value, value(*point), DIGITS)
    if not derivatives:
        return
    with mp.workdps(DIFFERENCES):
        for j in range(len(z)):

            def moved(s: Any, t: Any, j: int = j) -> Any:
                """The value at z + s e_j + t v."""
                return value(*(x + s * (k == j) + t * b for k, (x, b) in enumerate(zip(point, direction, strict=True))))

            agree(found.gradient[j], mp.diff(lambda s: moved(s, 0), 0), DIFFERENCES)
            agree(found.hvp[j], mp.diff(moved, (0, 0), (1, 1)), DIFFERENCES)


@pytest.mark.parametrize("name", LOSSES)
@given(st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_value_and_derivatives(name: str, data: st.DataObject) -> None:
    loss = LOSSES[name]
    row = data.draw(rows(loss, 30.0, width=32, allow_subnormal=False))
    z, target, params, v = row
    compare(name, row, oracle(loss, z, target, params, v), derivatives=True)


@pytest.mark.parametrize("name", LOSSES)
@given(st.data())
@settings(max_examples=8, deadline=None)
def test_value_at_margins_up_to_400(name: str, data: st.DataObject) -> None:
    loss = LOSSES[name]
    row = data.draw(rows(loss, 100.0))
    z, target, params, v = row
    compare(name, row, oracle(loss, z, target, params, v), derivatives=False)

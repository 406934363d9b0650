"""The two readings of a statement agree with each other, with PyTorch's own functions, and with formulas by hand."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

from symce.losses import Loss, Param, catalogue
from symce.verify.autograd import AutogradReference
from symce.verify.precise import PreciseReference
from symce.verify.semantics import Rows, Undefined
from symce.verify.structure import has_kinks, terms

OTHERS = (
    Loss("nested", "t", "weights", "Sum(y[k]*Sum(y[i]*abs(z[k] - z[i])*p[i], i), k)"),
    Loss("mass", "t", "none", "logsumexp(z[k], k)**2 / K"),
    Loss("margin", "t", "index", "Sum(where(k == c, 0, max(0, m + z[k] - z[c])), k)", (Param("m", default=1.0),)),
    Loss("pieces", "t", "index", "where(p[c] < 1/2, -log(p[c]), 2*(1 - p[c]))"),
    Loss("capped", "t", "index", "-log(p[c])", (Param("cap", "positive", 3.0),), logits="cap*tanh(z[k]/cap)"),
    Loss(
        "adjusted", "t", "index", "-log(p[c])", (Param("prior", "positive", 0.5, "K"), Param("tau", default=0.5)),
        logits="z[k] + tau*log(prior[k])",
    ),
    Loss("taught", "t", "none", "Sum(teacher[k]*log(teacher[k]/p[k]), k)", (Param("teacher", "unit", None, "NxK"),)),
    Loss("roots", "t", "distribution", "Sum((sqrt(y[k]) - sqrt(p[k]))**2, k)/2"),
    Loss("powers", "t", "index", "(1 - p[c]**r)/r", (Param("r", "unit", 0.7),)),
    Loss("soft", "t", "multilabel", "2*Sum(softplus(z[k]) - y[k]*z[k], k) - Sum(exp(-z[k]**2), k)/K"),
    Loss("others", "t", "index", "Sum(where(k != c, min(p[k], p[c]), sigmoid(z[k])), k)"),
)  # fmt: skip
LOSSES = {loss.name: loss for loss in (*OTHERS, *catalogue().values())}


def rows(loss: Loss, size: int, per_entry: bool = False) -> tuple[Rows, Any, Any]:
    rng = np.random.default_rng(size)
    target: Any = None
    if loss.target == "index":
        target = rng.integers(0, size, 3)
    elif loss.target != "none":
        target = rng.uniform(0.1, 0.9, (3, size))
    shapes = {"": (), "K": (size,), "NxK": (3, size)}
    params = {p.name: rng.uniform(0.2, 0.9, shapes[p.shape]) for p in loss.params}
    made = Rows(loss, rng.normal(size=(3, size)) * 2, target, params, per_entry)
    return made, rng.normal(size=(3, size) if per_entry else 3), rng.normal(size=(3, size))


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_autograd_and_mpmath_agree(name: str, size: int) -> None:
    __import__("torch")  # without it this test fails: it is not skipped
    loss = LOSSES[name]
    for per_entry in (False, True) if loss.target == "multilabel" else (False,):
        arguments = rows(loss, size, per_entry)
        if name == "label_smoothing" and size == 1:
            for reference in (AutogradReference(), PreciseReference()):
                with pytest.raises(Undefined, match="K = 1"):
                    reference.evaluate(*arguments)
            return
        found, exact = (r.evaluate(*arguments) for r in (AutogradReference(), PreciseReference()))
        for a, b in zip(found, exact, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_autograd_reads_what_pytorch_has() -> None:
    import torch

    functional = torch.nn.functional
    made, _, _ = rows(LOSSES["label_smoothing_uniform"], 5)
    z, c = torch.tensor(made.logits), torch.tensor(made.target)
    eps = float(made.params["eps"])
    value = AutogradReference().evaluate(made, np.ones(3), np.ones((3, 5)))[0]
    np.testing.assert_allclose(value, functional.cross_entropy(z, c, label_smoothing=eps, reduction="none"), rtol=1e-14)
    made, _, _ = rows(LOSSES["bce_with_logits"], 5, per_entry=True)
    value = AutogradReference().evaluate(made, np.ones((3, 5)), np.ones((3, 5)))[0]
    right = functional.binary_cross_entropy_with_logits(
        torch.tensor(made.logits), torch.tensor(made.target), reduction="none"
    )
    np.testing.assert_allclose(value, right, rtol=1e-14)


def test_a_true_class_that_is_right_by_a_thousand() -> None:
    """exp(-1000) is no float64; the loss and the gradient are, at 80 digits, what the series says."""
    made = Rows(catalogue()["focal"], np.array([[1000.0, 0.0]]), np.array([0]), {"gamma": 0.5, "alpha": 1.0}, False)
    with mp.workdps(80):
        value, gradient, hvp = PreciseReference().evaluate(made, np.ones(1), np.array([[0.0, 1.0]]))
    assert (value, gradient, hvp) == (0, pytest.approx(0), pytest.approx(0))
    made = Rows(catalogue()["focal"], np.array([[400.0, 0.0]]), np.array([0]), {"gamma": 0.5, "alpha": 1.0}, False)
    value, gradient, hvp = PreciseReference().evaluate(made, np.ones(1), np.array([[0.0, 1.0]]))
    assert value[0] == pytest.approx(float(mp.exp(-600)), rel=1e-14)  # q^0.5 times q
    np.testing.assert_allclose(gradient[0], [-1.5 * float(mp.exp(-600)), 1.5 * float(mp.exp(-600))], rtol=1e-14)
    np.testing.assert_allclose(hvp[0], [-2.25 * float(mp.exp(-600)), 2.25 * float(mp.exp(-600))], rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "logits", "c", "value", "gradient"),
    [
        ("cross_entropy", [-np.inf, 0.0, 0.0], 1, np.log(2), [0, -0.5, 0.5]),
        ("cross_entropy", [-np.inf, 0.0, 0.0], 0, np.inf, [-1, 0.5, 0.5]),
        ("softmax_entropy", [-np.inf, 0.0, 0.0], None, np.log(2), [0, 0, 0]),
        ("nll_loss", [-np.inf, 0.0, 0.0], 0, np.inf, [-1, 0, 0]),
        ("cross_entropy", [1e30, 0.0, 1e30], 0, np.log(2), [-0.5, 0, 0.5]),
    ],
)
def test_masked_classes_are_limits(name: str, logits: Any, c: Any, value: float, gradient: Any) -> None:
    loss = catalogue()[name]
    target = None if c is None else np.array([c]) if loss.target == "index" else np.eye(3)[[c]]
    found = PreciseReference().evaluate(Rows(loss, np.array([logits]), target, {}, False), np.ones(1), np.ones((1, 3)))
    np.testing.assert_allclose(found[0], [value], rtol=1e-15)
    np.testing.assert_allclose(found[1], [gradient], rtol=1e-15, atol=1e-300)


def test_structure() -> None:
    assert terms(LOSSES["bce_with_logits"].statement) is not None
    assert terms(LOSSES["cross_entropy"].statement) is None, "p of one class holds the logits of all"
    assert terms(LOSSES["soft"].statement) is not None
    assert terms(LOSSES["nested"].statement) is None
    assert terms(LOSSES["focal"].statement) is None
    assert {n for n, loss in LOSSES.items() if has_kinks(loss)} >= {"margin", "pieces", "nested", "others"}
    assert not has_kinks(LOSSES["focal"])

"""Logits of +-1000, 1e30 and -inf: finite wherever the mathematics is, in every dtype, and NaN stays where it is."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from kernels.calls import LABELS, LOSSES, NAMES, forms, numpy_module, to_torch

#: rows of logits; every one has its largest entry at 0 or shares it
FINITE = {
    "float64": [[1e30, 0, -1e30, 1], [1000, -1000, 0, 999], [-1000, -1000, -1000, -1000], [1e300, 1e300, 0, 0]],
    "float32": [[1e30, 0, -1e30, 1], [1000, -1000, 0, 999], [-1000, -1000, -1000, -1000], [3e38, 3e38, 0, 0]],
    "float16": [[6e4, 0, -6e4, 1], [1000, -1000, 0, 999], [-1000, -1000, -1000, -1000], [6e4, 6e4, 0, 0]],
}
MASKED = [[1.0, -np.inf, 0.0, 2.0], [3.0, -np.inf, -np.inf, -np.inf], [1000.0, -np.inf, -1000.0, 0.0]]
DTYPES = sorted(FINITE)


def arguments(name: str, form: str, logits: np.ndarray) -> tuple[np.ndarray, ...]:
    """The logits and a target on their first class: an index, or all weight there; then nothing is infinite."""
    if form == "none":
        return (logits,)
    if form == "index":
        return logits, np.zeros(len(logits), dtype=int)
    target = np.zeros_like(logits)
    target[:, 0] = 1
    if name == "kl_softmax_target":  # infinite where the target is 0 and p is not
        target[:] = 0.25
    return logits, target


def outputs(name: str, form: str, logits: np.ndarray, library: str) -> tuple[np.ndarray, np.ndarray]:
    args = arguments(name, form, logits)
    if library == "numpy":
        loss, gradient = numpy_module(name).value_and_grad(*args, reduction="none")
        return loss, gradient
    import torch

    z = torch.tensor(logits, requires_grad=True)
    loss = getattr(import_module("symce_kernels.torch"), name)(
        z, *(to_torch(a, False, str(logits.dtype)) for a in args[1:]), reduction="none"
    )
    return loss.detach().numpy(), torch.autograd.grad(loss.sum(), z)[0].numpy()


#: a parameter without default has logits of its own, whose extremes are the verification's to try
CASES = [(n, f) for n in NAMES for f in forms(n) if all(p.default is not None for p in LOSSES[n].params)]
#: smoothing gives a masked class a share of the target, and KL(p || y) here too: their losses are infinite
MASKABLE = [c for c in CASES if c[0] not in ("label_smoothing", "label_smoothing_uniform", "kl_softmax_target")]


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "form"), CASES)
def test_finite_logits_give_finite_results(name: str, form: str, dtype: str, library: str) -> None:
    logits = np.array(FINITE[dtype], dtype=dtype)
    if name in (*LABELS, "nll_loss", "label_smoothing", "label_smoothing_uniform", "info_nce"):
        logits = logits[:3]  # their losses are sums of logits, or of multiples of them: out of range with the largest
    if name == "z_loss":
        logits = logits[1:3] / 8  # a square of logits
    loss, gradient = outputs(name, form, logits, library)
    if dtype == "float16" and name.startswith("label_smoothing"):
        assert not np.isnan(loss).any()  # eps times a difference of 1.2e5 may be beyond the range
    else:
        assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "form"), MASKABLE)
def test_a_masked_class_has_neither_loss_nor_gradient(name: str, form: str, dtype: str, library: str) -> None:
    """-inf masks a class: what is left is the loss of the other classes."""
    logits = np.array(MASKED[:1], dtype=dtype)
    loss, gradient = outputs(name, form, logits, library)
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()
    assert gradient[0, 1] == 0
    left, left_gradient = outputs(name, form, logits[:, [0, 2, 3]], library)
    tolerance: dict[str, Any] = {"rtol": 1e-2 if dtype == "float16" else 1e-5, "atol": 1e-7}
    if name in LABELS:
        loss = loss[:, [0, 2, 3]]
    np.testing.assert_allclose(loss, left, **tolerance)
    np.testing.assert_allclose(gradient[:, [0, 2, 3]], left_gradient, **tolerance)
    loss, gradient = outputs(name, form, np.array(MASKED, dtype=dtype), library)
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("name", ["cross_entropy", "focal", "weighted_cross_entropy", "temperature_cross_entropy"])
def test_a_true_class_that_is_masked_costs_infinity_and_moves_finitely(name: str, library: str) -> None:
    loss, gradient = outputs(name, "index", np.array([[-np.inf, 1.0, 2.0]]), library)
    assert np.isposinf(loss).all()
    np.testing.assert_allclose(gradient.sum(), 0, atol=1e-15)
    np.testing.assert_allclose(gradient[0, 0], -1)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("name", "form"), CASES)
def test_a_nan_stays_in_its_row(name: str, form: str, library: str) -> None:
    logits = np.array([[1.0, 0.5, -1.0], [1.0, np.nan, -1.0], [0.0, 0.5, -1.0]])
    loss, gradient = outputs(name, form, logits, library)
    right, right_gradient = outputs(name, form, logits[[0, 2]], library)
    np.testing.assert_array_equal(loss[[0, 2]], right)
    np.testing.assert_array_equal(gradient[[0, 2]], right_gradient)
    if name != "nll_loss":
        assert np.isnan(loss[1]).any()


@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_focal_of_what_is_certain_is_no_nan(dtype: str, gamma: float) -> None:
    """Peers give NaN for gamma between 0 and 1, where (1 - p) ** (gamma - 1) is infinite."""
    m = numpy_module("focal")
    logits = np.array([[200.0, 0, 0], [20.0, 0, 0], [0, 0, 0]], dtype=dtype)
    loss, gradient = m.value_and_grad(logits, np.zeros(3, dtype=int), gamma=gamma, reduction="none")
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()
    hvp = m.hvp(logits, np.zeros(3, dtype=int), np.ones_like(logits) * [1, 2, 3], gamma=gamma, reduction="none")
    assert np.isfinite(hvp).all()
    alone = m.value_and_grad(np.array([[5.0]], dtype=dtype), np.zeros(1, dtype=int), gamma=gamma)
    assert (float(alone[0]), float(alone[1][0, 0])) == (0.0, 0.0), "one class is always right"

"""Calls on rows (N, K) of either library, with loss, gradient and Hessian-vector product as NumPy arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from kernels.calls import LOSSES, NAMES, accepted, forms, numpy_module

LIBRARIES = ("numpy", "torch")
#: a loss with each form of target that it takes
CASES = [(name, form) for name in NAMES for form in forms(name)]
INDEX = [name for name in NAMES if "index" in forms(name)]
SOFTMAX = [name for name in NAMES if re.search(r"\bp\[", LOSSES[name].value)]
LIMIT = [name for name in NAMES if "infinite" in accepted(name)]
#: losses whose logits are those of softmax, but for a factor: -inf masks a class. A soft cap makes it a finite logit
MASKING = [n for n in NAMES if n != "soft_capped_cross_entropy"]
#: losses in whose statement the number of classes stands: a masked class changes them
COUNTING = [name for name in NAMES if re.search(r"\bK\b", LOSSES[name].value)]


DTYPES = ("float64", "float32", "float16")
#: losses that grow without bound as the probability of the true class falls to 0
INFINITE = {
    "bce_with_logits", "confidence_penalty", "cross_entropy", "distillation", "focal", "info_nce", "kl_target_softmax",
    "label_smoothing", "label_smoothing_uniform", "nll_loss", "poly1", "sigmoid_focal", "temperature_cross_entropy",
    "weighted_cross_entropy", "z_loss",
}  # fmt: skip
#: losses that stay finite there: bounded ones, and one whose logits are
BOUNDED = {"brier", "generalised_cross_entropy", "kl_softmax_target", "soft_capped_cross_entropy"}
ROWS = np.array([[0.5, -1.25, 2.0, 0.25], [3.0, 1.0, -2.0, 0.0], [0.125, 0.5, 0.0, -0.5]])


def rows(dtype: str = "float64") -> np.ndarray:
    return ROWS.astype(dtype)


@dataclass(frozen=True)
class Result:
    """What a call returned: the loss () or (N,) or (N, K), the gradient (N, K) and the Hessian times v, or None."""

    loss: np.ndarray
    gradient: np.ndarray
    hvp: np.ndarray | None

    def rows(self, which: Any) -> tuple[np.ndarray, ...]:
        """The losses, gradients and products of some rows, of a call with reduction="none"."""
        parts = (self.loss, self.gradient, *([] if self.hvp is None else [self.hvp]))
        return tuple(a[which] for a in parts)


def target_of(name: str, form: str, logits: np.ndarray, true: Any = 0) -> np.ndarray | None:
    """A target on the class ``true`` of each row: an index, or one-hot; None without target.

    KL(p || y) is infinite where y is 0 and p is not: it has a target that is spread evenly.
    """
    classes = np.broadcast_to(np.asarray(true), len(logits)).astype(np.int64)
    if form == "none":
        return None
    if name == "kl_softmax_target":
        return np.full_like(logits, 1 / logits.shape[1])
    return classes if form == "index" else np.eye(logits.shape[1])[classes].astype(logits.dtype)


def required(name: str, logits: np.ndarray) -> dict[str, Any]:
    """Values of the parameters that have no default: all of them have the logits' shape, and mask what these mask."""
    spread = np.linspace(-1, 1, logits.size).reshape(logits.shape)
    given = np.where(np.isneginf(logits), -np.inf, spread).astype(logits.dtype)
    return {p.name: given for p in LOSSES[name].params if p.default is None}


def direction(logits: np.ndarray) -> np.ndarray:
    """The vector of the Hessian-vector product: no two entries of a row alike."""
    return np.cos(np.arange(logits.size)).reshape(logits.shape).astype(logits.dtype)


def call(library: str, name: str, logits: np.ndarray, target: np.ndarray | None, **options: Any) -> Result:
    """Loss, gradient and Hessian-vector product; a reduction of "none" unless another is given."""
    options = {"reduction": "none", **required(name, logits), **options}
    if library == "numpy":
        m = numpy_module(name)
        args = (logits,) if target is None else (logits, target)
        loss, gradient = m.value_and_grad(*args, **options)
        hvp = m.hvp(*args, direction(logits), **options) if hasattr(m, "hvp") else None
        return Result(np.asarray(loss), gradient, hvp)
    import torch

    z = torch.tensor(logits, requires_grad=True)
    args = (z,) if target is None else (z, torch.tensor(target))
    given = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in options.items()}
    loss = torch_function(name)(*args, **given)
    (gradient,) = torch.autograd.grad(loss, z, torch.ones_like(loss), create_graph=True)
    hvp = torch.zeros_like(z)
    if gradient.requires_grad:
        (hvp,) = torch.autograd.grad(gradient, z, torch.tensor(direction(logits)))
    return Result(loss.detach().numpy(), gradient.detach().numpy(), hvp.numpy())


@cache
def torch_function(name: str) -> Any:
    return getattr(import_module("symce_kernels.torch"), name)

"""The numbers of figures: a loss's own kernel, run by the reference interpreter on rows of logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symce.kernel.interpreter import evaluate
from symce.kernel.kernel import Kernel
from symce.losses.loss import Loss

Array = NDArray[np.float64]
#: Its gradient is the softmax, its Hessian the softmax Jacobian: so these have a kernel too.
PARTITION = Loss("log_partition", "Log-sum-exp of the logits", "none", "logsumexp(z[k], k)")


@dataclass(frozen=True)
class Rows:
    """A kernel with values of its parameters.

    Logits are (N, K) or one row (K,), which counts as N = 1. A target is a class index, counted from 0, or one a row;
    or one number a class, (K,) or (N, K); or None for a loss that has none. Results are float64, and NaN or infinite
    where the loss is. Raises ValueError for a target of a form that the loss does not take.
    """

    kernel: Kernel
    params: Mapping[str, Any] = field(default_factory=dict)

    def at(self, **params: Any) -> Rows:
        """The same kernel with other values of some parameters."""
        return Rows(self.kernel, {**self.params, **params})

    def value(self, logits: ArrayLike, target: ArrayLike | None = None) -> Array:
        """The loss of each row, (N,)."""
        values = self._run("value", logits, target)
        return values.sum(axis=1) if values.ndim == 2 else values

    def gradient(self, logits: ArrayLike, target: ArrayLike | None = None) -> Array:
        """dL/dz of each row, (N, K)."""
        return self._run("gradient", logits, target)

    def hessian(self, logits: ArrayLike, target: ArrayLike | None = None) -> Array:
        """The second derivatives at one row of logits (K,), K x K: its columns are the products with unit vectors."""
        row = np.asarray(logits, dtype=np.float64)
        repeated = np.broadcast_to(row, (len(row), len(row)))
        return self._run("hvp", repeated, target, v=np.eye(len(row))).T

    def _run(self, output: str, logits: ArrayLike, target: ArrayLike | None, **more: Any) -> Array:
        z = np.atleast_2d(np.asarray(logits, dtype=np.float64))
        given: dict[str, Any] = {"logits": z, **self.params, **more}
        form = "none"
        if target is not None:
            y = np.asarray(target)
            form = "index" if y.dtype.kind in "iu" else "dense"
            given["target"] = np.broadcast_to(y, (len(z),) if form == "index" else z.shape)
        if form not in self.kernel.programs:
            takes = " or ".join(self.kernel.programs)
            raise ValueError(f"{self.kernel.name} takes a target of the form {takes}, not {form}")
        program = self.kernel.programs[form].only(output)
        return evaluate(program, **given)[output]


@cache
def rows(loss: Loss) -> Rows:
    """The kernel of a loss, its parameters at their defaults.

    Raises DerivationError or LoweringError for a loss that has no kernel.
    """
    # SymPy is loaded when something is derived
    from symce.derivation.derive import derive
    from symce.kernel.build import kernel

    return Rows(kernel(derive(loss)), {p.name: p.default for p in loss.params if p.default is not None})


def named(name: str) -> Rows:
    """The kernel of a loss of the catalogue."""
    from symce.losses import catalogue

    return rows(catalogue()[name])


def softmax(logits: ArrayLike) -> Array:
    """The probabilities of each row of logits, (N, K)."""
    return rows(PARTITION).gradient(logits)


def two_classes(p: ArrayLike) -> Array:
    """Logits (N, 2) whose softmax gives class 0 the probability p, for p in [0, 1]: at 1 the other class is masked."""
    p = np.asarray(p, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.stack([np.log(p), np.log1p(-p)], axis=-1)

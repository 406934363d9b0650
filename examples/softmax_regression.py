"""Softmax regression in NumPy, trained with the kernels that symce generated.

The model is z = W x + b with p = softmax(z). A generated loss module says what the loss of the logits and its gradient
G are; the linear layer's gradients follow from G alone, whatever the loss:

    dL/dW = (1/M) G^T X + lambda W        dL/db = (1/M) G^T 1

with X the M samples of a batch as rows (M, D), G their gradients with respect to the logits (M, K), and
lambda/2 ||W||^2 the L2 penalty. For cross-entropy G = P - Y: predicted minus true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symce_kernels.numpy import cross_entropy

Array = NDArray[np.floating[Any]]


class LossModule(Protocol):
    """What a module of symce_kernels.numpy offers for class-index targets."""

    def value(self, logits: Array, target: NDArray[np.intp], **options: Any) -> Any: ...

    def value_and_grad(self, logits: Array, target: NDArray[np.intp], **options: Any) -> tuple[Any, Array]: ...


@dataclass(frozen=True)
class Step:
    """One gradient step, before the parameters move: what a check needs to compute it again.

    X (M, D) and target (M,) are the batch, W (K, D) and b (K,) the parameters, dW and db the gradients of ``objective``
    with respect to them.
    """

    number: int
    X: Array
    target: NDArray[np.intp]
    W: Array
    b: Array
    objective: float
    dW: Array
    db: Array


class SoftmaxRegression:
    """Multinomial logistic regression, fitted by stochastic gradient descent with momentum.

    loss            a module of ``symce_kernels.numpy`` whose target is a class index: ``cross_entropy``, ``focal``,
                    ``label_smoothing``, ...
    loss_options    the loss's own keyword arguments, such as ``{"gamma": 2.0}``; not ``reduction``, which is "mean"
    l2              lambda >= 0; the penalty is lambda/2 ||W||^2, the bias is free
    learning_rate   eta > 0; in epoch e = 0, 1, ... the step size is eta / (1 + decay e)
    momentum        mu in [0, 1): the step is u <- mu u - eta_e g, then theta <- theta + u
    batch_size      samples a step, or None for all of them
    random_state    seed of the initial weights and of the order of the samples

    After ``fit``: ``W_`` (K, D) and ``b_`` (K,) in the dtype of X, ``classes_`` (K,), and ``history_``, the objective
    over all training samples before the first epoch and after each.

    Raises ValueError for a hyperparameter outside its domain.
    """

    def __init__(
        self,
        *,
        loss: LossModule = cross_entropy,
        loss_options: Mapping[str, Any] | None = None,
        l2: float = 0.0,
        learning_rate: float = 0.1,
        decay: float = 0.0,
        momentum: float = 0.9,
        batch_size: int | None = 128,
        epochs: int = 100,
        random_state: int | None = None,
    ) -> None:
        for name, number, allowed, fine in (
            ("l2", l2, "a finite number >= 0", 0 <= l2 < np.inf),
            ("learning_rate", learning_rate, "a finite number > 0", 0 < learning_rate < np.inf),
            ("decay", decay, "a finite number >= 0", 0 <= decay < np.inf),
            ("momentum", momentum, "a number in [0, 1)", 0 <= momentum < 1),
            ("batch_size", batch_size, "None or an integer >= 1", batch_size is None or batch_size >= 1),
            ("epochs", epochs, "an integer >= 0", epochs >= 0),
        ):
            if not fine:
                raise ValueError(f"{name}: {number!r}; allowed: {allowed}")
        if "reduction" in (loss_options or {}):
            raise ValueError('loss_options: holds "reduction"; leave it out, the objective is the mean over a batch')
        self.loss = loss
        self.loss_options = dict(loss_options or {})
        self.l2 = l2
        self.learning_rate = learning_rate
        self.decay = decay
        self.momentum = momentum
        self.batch_size = batch_size
        self.epochs = epochs
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        on_step: Callable[[Step], None] | None = None,
        on_epoch: Callable[[int, SoftmaxRegression], None] | None = None,
    ) -> SoftmaxRegression:
        """Fit W and b to samples X (N, D) with labels y (N,); returns self.

        X keeps its dtype, float32 or float64, and is computed in it; other numbers become float64. ``on_step`` is
        called with every Step before it is taken, ``on_epoch`` with the number of epochs done and the model. Neither X
        nor y is written to.

        Raises ValueError for shapes that do not fit and features that are not finite, FloatingPointError if the
        objective diverges.
        """
        X = self._features(X)
        labels = np.asarray(y)
        if labels.shape != X.shape[:1] or not len(labels):
            raise ValueError(f"y: shape {labels.shape}; allowed: one label a row of X {X.shape}, and at least one")
        self.classes_, target = np.unique(labels, return_inverse=True)
        N, D = X.shape
        rng = np.random.default_rng(self.random_state)
        self.W_ = (0.01 * rng.standard_normal((len(self.classes_), D))).astype(X.dtype)
        self.b_ = np.zeros(len(self.classes_), X.dtype)
        self.history_ = [self._objective(X, target)]
        velocity_W, velocity_b = np.zeros_like(self.W_), np.zeros_like(self.b_)
        batch_size = self.batch_size or N
        number = 0
        for epoch in range(self.epochs):
            step_size = self.learning_rate / (1 + self.decay * epoch)
            order = rng.permutation(N)
            for start in range(0, N, batch_size):
                batch = order[start : start + batch_size]
                objective, dW, db = self.gradients(X[batch], target[batch])
                if on_step is not None:
                    on_step(Step(number, X[batch], target[batch], self.W_.copy(), self.b_.copy(), objective, dW, db))
                velocity_W = self.momentum * velocity_W - step_size * dW
                velocity_b = self.momentum * velocity_b - step_size * db
                self.W_ += velocity_W
                self.b_ += velocity_b
                number += 1
            self.history_.append(self._objective(X, target))
            if not np.isfinite(self.history_[-1]):
                raise FloatingPointError(
                    f"the objective is {self.history_[-1]} after epoch {epoch + 1}: the steps are too long for these "
                    f"features; lower learning_rate (now {self.learning_rate}) or scale X"
                )
            if on_epoch is not None:
                on_epoch(epoch + 1, self)
        return self

    def gradients(self, X: Array, target: NDArray[np.intp]) -> tuple[float, Array, Array]:
        """The objective of a batch, and its gradients dW (K, D) and db (K,).

            dW = (1/M) G^T X + lambda W        db = (1/M) G^T 1

        X is (M, D), target (M,) holds positions in ``classes_``. The kernel's gradient of the mean already carries 1/M.
        """
        loss, mean_gradient = self.loss.value_and_grad(self._logits(X), target, reduction="mean", **self.loss_options)
        dW = mean_gradient.T @ X + self.l2 * self.W_
        db = mean_gradient.sum(axis=0)
        return float(loss) + self._penalty(), dW, db

    def objective(self, X: ArrayLike, y: ArrayLike) -> float:
        """Mean loss over samples X (N, D) with labels y (N,), plus lambda/2 ||W||^2.

        Raises ValueError for a label that was not among those fitted.
        """
        labels = np.asarray(y)
        target = np.searchsorted(self.classes_, labels).clip(max=len(self.classes_) - 1)
        unknown = labels[self.classes_[target] != labels]
        if unknown.size:
            raise ValueError(f"y: label {unknown[0]} was not seen by fit; allowed: {self.classes_.tolist()}")
        return self._objective(self._features(X), target)

    def predict_proba(self, X: ArrayLike) -> Array:
        """softmax(W x + b) for every row of X (N, D): (N, K), each row summing to one."""
        logits = self._logits(self._features(X))
        scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
        return scaled / scaled.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable label for every row of X (N, D)."""
        return self.classes_[self._logits(self._features(X)).argmax(axis=1)]

    def accuracy(self, X: ArrayLike, y: ArrayLike) -> float:
        """The share of the rows of X (N, D) whose label y (N,) is predicted."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def _logits(self, X: Array) -> Array:
        return X @ self.W_.T + self.b_

    def _penalty(self) -> float:
        return 0.5 * self.l2 * float(np.sum(self.W_**2))

    def _objective(self, X: Array, target: NDArray[np.intp]) -> float:
        loss = self.loss.value(self._logits(X), target, reduction="mean", **self.loss_options)
        return float(loss) + self._penalty()

    @staticmethod
    def _features(X: ArrayLike) -> Array:
        X = np.asarray(X)
        if X.dtype not in (np.float32, np.float64):
            X = X.astype(np.float64)
        if X.ndim != 2:
            raise ValueError(f"X: shape {X.shape}; allowed: (N, D), one sample a row")
        if not np.isfinite(X).all():
            raise ValueError("X: holds NaN or infinity; allowed: finite features (drop or fill those rows)")
        return X

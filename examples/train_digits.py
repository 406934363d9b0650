"""Train softmax regression on 1,797 images of handwritten digits with generated kernels, beside scikit-learn.

    python examples/train_digits.py

Every step's gradients are compared with torch autograd, and the fitted model with scikit-learn's LogisticRegression,
which minimises the same objective: C sum_i L_i + 1/2 ||W||^2 is C N times the mean loss plus lambda/2 ||W||^2 with
lambda = 1 / (C N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from autograd_check import AutogradCheck
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from softmax_regression import SoftmaxRegression

C = 1.0
EPOCHS = 100


@dataclass(frozen=True)
class Digits:
    """The images as rows of 64 grey levels in [0, 1], split into training and test parts."""

    X_train: NDArray[np.float64]
    X_test: NDArray[np.float64]
    y_train: NDArray[np.intp]
    y_test: NDArray[np.intp]


@dataclass(frozen=True)
class Report:
    """What the training gave: both models and the check of the gradients."""

    digits: Digits
    ours: SoftmaxRegression
    theirs: LogisticRegression
    check: AutogradCheck


def load() -> Digits:
    """scikit-learn's digits, a quarter of them for the test; the grey levels 0..16 scaled to [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return Digits(*train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=0))


def train() -> Report:
    """Fit both models on the same split, printing a line every ten epochs."""
    data = load()
    N = len(data.X_train)
    l2 = 1 / (C * N)
    check = AutogradCheck(l2=l2)
    model = SoftmaxRegression(l2=l2, learning_rate=1.0, decay=0.05, batch_size=128, epochs=EPOCHS, random_state=0)

    print(f"{'epoch':>5}  {'loss':>7}  {'train':>7}  {'test':>7}")

    def on_epoch(epoch: int, model: SoftmaxRegression) -> None:
        if epoch in (1, 2, 5) or epoch % 10 == 0:
            at_train, at_test = model.accuracy(data.X_train, data.y_train), model.accuracy(data.X_test, data.y_test)
            print(f"{epoch:5d}  {model.history_[-1]:7.4f}  {at_train:7.2%}  {at_test:7.2%}")

    model.fit(data.X_train, data.y_train, on_step=check, on_epoch=on_epoch)
    theirs = LogisticRegression(C=C, tol=1e-8, max_iter=5000).fit(data.X_train, data.y_train)
    return Report(data, model, theirs, check)


def objective_of(theirs: LogisticRegression, ours: SoftmaxRegression, data: Digits) -> float:
    """Our objective at scikit-learn's parameters."""
    copy = SoftmaxRegression(l2=ours.l2, epochs=0).fit(data.X_train, data.y_train)
    copy.W_, copy.b_ = theirs.coef_, theirs.intercept_
    return copy.objective(data.X_train, data.y_train)


def main() -> None:
    report = train()
    data, ours, theirs, check = report.digits, report.ours, report.theirs, report.check
    print()
    print(f"{'':20}  {'loss':>8}  {'train':>7}  {'test':>7}")
    for name, loss, accuracy in (
        ("symce's kernels", ours.history_[-1], ours.accuracy),
        ("LogisticRegression", objective_of(theirs, ours, data), theirs.score),
    ):
        at_train, at_test = accuracy(data.X_train, data.y_train), accuracy(data.X_test, data.y_test)
        print(f"{name:20}  {loss:8.5f}  {at_train:7.2%}  {at_test:7.2%}")
    print()
    print(f"Largest difference from torch autograd over all {check.steps} steps:")
    print(f"  dW {check.worst['dW']:.1e}   db {check.worst['db']:.1e}   (allowed {check.tolerance:.0e})")


if __name__ == "__main__":
    main()

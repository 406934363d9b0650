"""A check of every training step against torch autograd, from a statement of the loss that is not symce's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from softmax_regression import Step
from torch import Tensor


class GradientMismatch(AssertionError):
    """A step's gradient differs from autograd's by more than the tolerance."""


class AutogradCheck:
    """Called with a Step: differentiates the same objective by autograd and compares dW and db.

    statement   the loss of logits (M, K) and class indices (M,) as a number, written in PyTorch's own operations;
                default: ``torch.nn.functional.cross_entropy``
    l2          lambda of the penalty lambda/2 ||W||^2
    tolerance   the largest absolute difference of an entry of dW or db that passes

    ``worst`` holds the largest differences so far, by name, and ``steps`` how many steps were compared.
    Raises GradientMismatch, naming the step and the entry, for a difference above the tolerance; NaN is one.
    """

    def __init__(
        self,
        statement: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
        *,
        l2: float = 0.0,
        tolerance: float = 1e-12,
    ) -> None:
        self.statement = statement
        self.l2 = l2
        self.tolerance = tolerance
        self.steps = 0
        self.worst = {"dW": 0.0, "db": 0.0}

    def __call__(self, step: Step) -> None:
        W = torch.tensor(step.W, requires_grad=True)
        b = torch.tensor(step.b, requires_grad=True)
        logits = torch.tensor(step.X) @ W.T + b
        objective = self.statement(logits, torch.tensor(step.target)) + 0.5 * self.l2 * (W**2).sum()
        expected_dW, expected_db = torch.autograd.grad(objective, (W, b))
        for name, ours, theirs in (("dW", step.dW, expected_dW), ("db", step.db, expected_db)):
            difference = np.abs(ours - theirs.numpy())
            entry = np.unravel_index(difference.argmax(), difference.shape)  # argmax finds a NaN first
            self.worst[name] = max(self.worst[name], float(difference[entry]))
            if not difference[entry] <= self.tolerance:
                raise GradientMismatch(
                    f"step {step.number}: {name}{[int(n) for n in entry]} is {ours[entry]:.17g}, autograd gives "
                    f"{theirs.numpy()[entry]:.17g}; they differ by {difference[entry]:.1e}, allowed: "
                    f"{self.tolerance:.0e} (is the statement the same loss, with the same l2?)"
                )
        self.steps += 1

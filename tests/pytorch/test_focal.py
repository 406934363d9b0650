"""Focal losses under torchvision's arguments, against its formula in float64."""

from __future__ import annotations

import importlib
import inspect

import pytest
import torch
from pytorch.compare import FUNCTIONAL, F, agree, outcome
from torch import Tensor


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def torchvisions(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Tensor:
    """torchvision.ops.sigmoid_focal_loss, as its documentation has it (Lin et al. 2017, eq. 5)."""
    p = torch.sigmoid(inputs)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    loss = loss * (1 - (p * targets + (1 - p) * (1 - targets))) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4), (0, 3)])
@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("alpha", [0.25, 0.0, 1.0, -1])
def test_sigmoid_focal_loss(shape: tuple[int, ...], hard: bool, alpha: float) -> None:
    z, y = normal(*shape).requires_grad_(), torch.sigmoid(2 * normal(*shape, seed=1))
    y = y.round() if hard else y.requires_grad_()
    for gamma in (0.0, 0.5, 2, 3.5):
        for reduction in ("none", "mean", "sum"):
            args = (z, y, alpha, gamma, reduction)
            agree(outcome(FUNCTIONAL.sigmoid_focal_loss, args, {}), outcome(torchvisions, args, {}), rtol=1e-10)


def test_sigmoid_focal_loss_has_the_arguments_of_torchvision() -> None:
    found = inspect.signature(FUNCTIONAL.sigmoid_focal_loss).parameters.values()
    right = [("inputs", inspect.Parameter.empty), ("targets", inspect.Parameter.empty), ("alpha", 0.25), ("gamma", 2)]
    assert [(p.name, p.default) for p in found] == [*right, ("reduction", "none")]
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for p in found)
    z, y = normal(3, 4), torch.ones(3, 4, dtype=torch.float64)
    for wrong in ((z, y, 0.25, 2, "average"), (z, y[0]), (z, y[:2])):
        with pytest.raises(ValueError, match=r"reduction|Target size"):
            FUNCTIONAL.sigmoid_focal_loss(*wrong)
    with pytest.raises(RuntimeError):
        FUNCTIONAL.sigmoid_focal_loss(z, y.long())


def test_focal_loss_is_the_focal_loss_of_the_catalogue() -> None:
    focal = importlib.import_module("symce_kernels.torch").focal
    z, y = normal(5, 4).requires_grad_(), torch.tensor([0, 3, -100, 1, 2])
    agree(outcome(FUNCTIONAL.focal_loss, (z, y), {}), outcome(focal, (z, y), {"reduction": "none"}))
    log_p = torch.log_softmax(z, 1).gather(1, y.clamp(min=0)[:, None])[:, 0]
    alpha = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    right = -((1 - log_p.exp()) ** 1.5) * log_p * alpha[y.clamp(min=0)] * (y >= 0)
    torch.testing.assert_close(FUNCTIONAL.focal_loss(z, y, alpha, 1.5), right)
    torch.testing.assert_close(FUNCTIONAL.focal_loss(z, y, alpha, 1.5, "mean", normalizer=2.0), right.sum() / 2)

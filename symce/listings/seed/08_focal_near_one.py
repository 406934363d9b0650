r"""Focal loss where the prediction is right

Written with $1 - \ph_c$, focal loss loses its digits where $\ph_c$ is near 1, which is
where it is meant to work. In float32, at a margin of 20 between the logits, $\ph_c$
rounds to 1: the loss is 0, and for $\gamma = 0.5$ the derivative of
$(1 - \ph_c)^\gamma$ is $\infty$, which times 0 is NaN. One such row makes NaN of every
weight of a network. The derived kernel sums the *other* probabilities instead.
"""

import math

import torch
import torch.nn.functional as F
from symce_kernels.torch.focal import focal
from torch import Tensor


def focal_loss(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    ce_loss = F.cross_entropy(logits, targets, reduction="none")
    pt = torch.exp(-ce_loss)
    return ((1 - pt) ** gamma * ce_loss).mean()


def exact(margin: float, gamma: float) -> float:
    q = 1 / (1 + math.exp(margin))  # 1 - pt, for two classes
    return -math.pow(q, gamma) * math.log1p(-q)


gamma, target = 0.5, torch.tensor([0])
print(f"gamma = {gamma}   loss, gradient at the true class")
print("margin  exact      by 1 - pt            derived kernel")
for margin in (2.0, 10.0, 15.0, 20.0):
    row = f"{margin:6.0f}  {exact(margin, gamma):.2e}"
    for loss_of in (focal_loss, focal):
        logits = torch.tensor([[margin, 0.0]], requires_grad=True)
        loss = loss_of(logits, target, gamma=gamma)
        (gradient,) = torch.autograd.grad(loss, logits)
        row += f"   {loss.item():.2e} {gradient[0, 0].item():9.2e}"
    print(row)

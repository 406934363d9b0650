r"""Focal loss

With $\gamma = 0$ and $\alpha = 1$ it is cross-entropy; a larger $\gamma$ takes weight
off the examples that are right already. In the formula $\alpha_t$ depends on the class;
in the code `alpha` is one number, which only scales the loss. Both are useful; only the
first does anything about imbalance. A tensor of one factor a class, gathered at the
targets, is $\alpha_t$.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


# Focal loss (manual implementation)
def focal_loss(
    logits: Tensor, targets: Tensor, alpha: float | Tensor = 1.0, gamma: float = 2.0
) -> Tensor:
    """
    Focal Loss for dense object detection.

    Args:
        logits: Raw model outputs
        targets: Ground truth class indices
        alpha: Weighting factor
        gamma: Focusing parameter
    """
    ce_loss = F.cross_entropy(logits, targets, reduction="none")
    pt = torch.exp(-ce_loss)  # pt = probability of true class
    focal_weight = alpha * (1 - pt) ** gamma
    return (focal_weight * ce_loss).mean()


logits = torch.tensor([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0], [2.0, 0.5, 1.0]])
targets = torch.tensor([0, 1, 2])
alpha = torch.tensor([0.25, 0.5, 1.0])  # one factor a class

print(f"Cross-entropy:       {F.cross_entropy(logits, targets).item():.4f}")
for gamma in (0.0, 0.5, 2.0, 5.0):
    print(f"Focal, gamma = {gamma}:  {focal_loss(logits, targets, gamma=gamma):.4f}")
print(f"Focal, alpha = 0.25: {focal_loss(logits, targets, alpha=0.25):.4f}")
print(f"Focal, alpha_t:      {focal_loss(logits, targets, alpha=alpha[targets]):.4f}")

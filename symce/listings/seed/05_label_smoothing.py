r"""Label smoothing: two meanings of epsilon

The chapter leaves $1 - \epsilon$ at the true class and gives $\epsilon / (K - 1)$ to
each other class. PyTorch mixes with the uniform distribution,
$(1 - \epsilon)\,y_k + \epsilon / K$, so that the true class keeps
$1 - \epsilon + \epsilon / K$. The two agree when
$\epsilon_{\text{PyTorch}} = \epsilon K / (K - 1)$, which is at most 1 as long as
$\epsilon \le (K - 1)/K$.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

eps, K = 0.1, 3
logits = torch.tensor([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0]])
targets = torch.tensor([0, 1])
one_hot = F.one_hot(targets, K).float()


def show(name: str, y: Tensor) -> None:
    row = ", ".join(f"{v:.4f}" for v in y[0].tolist())
    print(f"{name}  [{row}]  loss {F.cross_entropy(logits, y).item():.4f}")


show("One-hot:                ", one_hot)
show("eps/(K-1), as written:  ", one_hot * (1 - eps) + (1 - one_hot) * eps / (K - 1))
show("(1-eps) y + eps/K:      ", (1 - eps) * one_hot + eps / K)

# With label smoothing
smooth_ce = nn.CrossEntropyLoss(label_smoothing=eps)
print(f"PyTorch, eps = {eps:.2f}:       loss {smooth_ce(logits, targets).item():.4f}")

eps_pytorch = eps * K / (K - 1)  # the same as written above
converted = nn.CrossEntropyLoss(label_smoothing=eps_pytorch)(logits, targets)
print(f"PyTorch, eps = {eps_pytorch:.2f}:       loss {converted.item():.4f}")

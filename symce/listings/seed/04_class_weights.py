r"""Class weights: which denominator?

With weights there are two means of the weighted losses:
$\frac{1}{N}\sum_i w_{y^{(i)}} \ell_i$, and the same sum divided by
$\sum_i w_{y^{(i)}}$. The chapter's formula has $1/N$. PyTorch divides by the sum of the
weights where targets are class indices, and by $N$ where they are probabilities: the
same labels, written one-hot, give another loss and a gradient of another length.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

logits = torch.tensor(
    [[2.0, 1.0, 0.5], [0.5, 2.5, 1.0], [1.0, 0.5, 2.0], [2.0, 0.5, 1.0]]
)
targets = torch.tensor([0, 1, 2, 2])

# With class weights (for imbalanced data)
class_weights = torch.tensor([1.0, 2.0, 3.0])
weighted_ce = nn.CrossEntropyLoss(weight=class_weights)

w = class_weights[targets]
nll = F.cross_entropy(logits, targets, reduction="none")
one_hot = F.one_hot(targets, 3).float()

print(f"Unweighted:                     {nll.mean().item():.4f}")
print(f"PyTorch, class indices:         {weighted_ce(logits, targets).item():.4f}")
print(f"  sum(w * nll) / sum(w):        {((w * nll).sum() / w.sum()).item():.4f}")
print(f"PyTorch, one-hot probabilities: {weighted_ce(logits, one_hot).item():.4f}")
print(f"  sum(w * nll) / N, as written: {(w * nll).mean().item():.4f}")
print(f"sum(w) / N, their ratio:        {w.mean().item():.4f}")

r"""The quick reference, executed

The five calls of the table on the same data. Those that take logits and the one that
takes log-probabilities agree; and the last column says what they make of logits in the
thousands.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

logits = torch.tensor([[2.0, 1.0], [0.5, 2.5]])
huge = 1000 * logits
targets = torch.tensor([0, 0])


def bce(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Two classes have one logit: that of class 1 over class 0."""
    one_logit = logits[:, 1] - logits[:, 0]
    return nn.BCEWithLogitsLoss()(one_logit, targets.float())


calls = {
    "nn.CrossEntropyLoss()": nn.CrossEntropyLoss(),
    "F.cross_entropy()": F.cross_entropy,
    "nn.NLLLoss() of log_softmax": lambda z, y: nn.NLLLoss()(F.log_softmax(z, 1), y),
    "F.log_softmax(), gathered": lambda z, y: -F.log_softmax(z, 1)[[0, 1], y].mean(),
    "nn.BCEWithLogitsLoss()": bce,
}
for name, loss in calls.items():
    ordinary, large = loss(logits, targets).item(), loss(huge, targets).item()
    print(f"{name:28}  {ordinary:.4f}  {large:.1f}")

# What each must not be given
wrong = nn.NLLLoss()(logits, targets)
print(f"nn.NLLLoss() of logits (wrong):             {wrong.item():.4f}")
wrong = F.cross_entropy(torch.softmax(logits, 1), targets)
print(f"F.cross_entropy() of probabilities (wrong): {wrong.item():.4f}")

r"""Ignored targets

Rows whose target is `ignore_index` (padding, in language models) count neither in the
sum nor in its denominator, and no gradient flows to them. If every row is ignored, the
mean is 0/0: PyTorch returns NaN as the loss, yet 0 as its gradient. With the sum as
reduction there is nothing to divide by, and the loss is 0.
"""

import torch
import torch.nn as nn

logits = torch.tensor(
    [[2.0, 1.0, 0.5], [0.5, 2.5, 1.0], [3.0, 0.0, 1.0]], requires_grad=True
)
targets = torch.tensor([0, 1, -100])  # the third is padding

# Ignoring certain labels (e.g., padding)
ignore_ce = nn.CrossEntropyLoss(ignore_index=-100)
loss = ignore_ce(logits, targets)
(gradient,) = torch.autograd.grad(loss, logits)
print(f"Third row ignored:  {loss.item():.4f}")
print(f"First two rows:     {ignore_ce(logits[:2], targets[:2]).item():.4f}")
print(f"Gradient of row 1:  {[round(g, 4) for g in gradient[0].tolist()]}")
print(f"Gradient of row 3:  {gradient[2].tolist()}")

# Nothing left to average
none_left = torch.full((3,), -100)
loss = ignore_ce(logits, none_left)
(gradient,) = torch.autograd.grad(loss, logits)
print(f"All ignored, mean:  {loss.item()}")
print(f"  its gradient is 0 everywhere: {bool((gradient == 0).all())}")
ignore_sum = nn.CrossEntropyLoss(ignore_index=-100, reduction="sum")
print(f"All ignored, sum:   {ignore_sum(logits, none_left).item()}")

r"""Binary cross-entropy

With one logit $z$ a sample, $\ph = \sigma(z)$; softmax over the two logits $0$ and $z$
gives the same probability and so the same loss. Computed from $\ph$, the logarithm of
$1 - \ph$ is $-\infty$ once $\ph$ rounds to 1. `F.binary_cross_entropy` hides that by
cutting each logarithm at $-100$; `nn.BCEWithLogitsLoss` has no such trouble, since it
starts from $z$.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

z = torch.tensor([1.5, -0.5, 0.3])  # one logit a sample
y = torch.tensor([1.0, 0.0, 0.0])

p = torch.sigmoid(z)
written = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
two_logits = torch.stack([torch.zeros_like(z), z], dim=1)

print(f"As written, from p:    {written.item():.4f}")
print(f"BCEWithLogitsLoss:     {nn.BCEWithLogitsLoss()(z, y).item():.4f}")
print(f"Softmax CE of (0, z):  {F.cross_entropy(two_logits, y.long()).item():.4f}")

# Certain, and wrong: the exact loss is 200
z, y = torch.tensor([200.0]), torch.tensor([0.0])
p = torch.sigmoid(z)
print(f"z = 200, from p:                    {-torch.log(1 - p).item():.1f}")
print(f"z = 200, F.binary_cross_entropy(p): {F.binary_cross_entropy(p, y).item():.1f}")
print(f"z = 200, BCEWithLogitsLoss:         {nn.BCEWithLogitsLoss()(z, y).item():.1f}")

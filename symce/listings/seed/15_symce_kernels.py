r"""The same numbers from the derived kernels

`symce_kernels` holds the closed forms of this chapter as code: for NumPy, value and
gradient in one call; for PyTorch, a loss whose backward pass is the derived gradient.
Where two conventions exist, the denominator is an argument.
"""

import numpy as np
import torch
import torch.nn.functional as F
from symce_kernels.numpy import cross_entropy
from symce_kernels.torch.cross_entropy import cross_entropy as torch_cross_entropy

z = np.array([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0], [2.0, 0.5, 1.0]])
y = np.array([0, 1, 2])
w = np.array([1.0, 2.0, 3.0])

# NumPy: the loss and its gradient
loss, gradient = cross_entropy.value_and_grad(z, y)
print(f"NumPy kernel:    {loss:.6f}")
for row in gradient:
    print("  gradient row: ", "  ".join(f"{g:7.4f}" for g in row))

# PyTorch: differentiable like any other loss
logits = torch.tensor(z, requires_grad=True)
targets = torch.tensor(y)
ours = torch_cross_entropy(logits, targets)
theirs = F.cross_entropy(logits, targets)
print(f"PyTorch kernel:  {ours.item():.6f}")
print(f"F.cross_entropy: {theirs.item():.6f}")
(g_ours,) = torch.autograd.grad(ours, logits)
(g_theirs,) = torch.autograd.grad(theirs, logits)
print(f"Gradients within 1e-14: {(g_ours - g_theirs).abs().max().item() < 1e-14}")

# Weighted: by the sum of weights as PyTorch does, or by N as the formula says
print(f"Weighted, by sum(w): {cross_entropy.value(z, y, weight=w):.6f}")
print(f"Weighted, by N:      {cross_entropy.value(z, y, weight=w, normalizer=3):.6f}")

# A margin of 50: float64 cannot tell p_c from 1, the loss is not 0
far, first = np.array([[50.0, 0.0]]), np.array([0])
print(f"Margin 50, kernel:          {cross_entropy.value(far, first):.3e}")
print(
    f"Margin 50, F.cross_entropy: {F.cross_entropy(torch.tensor(far), targets[:1]):.3e}"
)

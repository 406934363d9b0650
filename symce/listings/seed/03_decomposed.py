r"""Cross-entropy is LogSoftmax, then NLLLoss

The two halves of `nn.CrossEntropyLoss`, one after the other. In exact arithmetic
softmax and then a logarithm would do as well. In floats they do not: a probability that
rounds to 0 has the logarithm $-\infty$.
"""

import torch
import torch.nn as nn

logits = torch.tensor([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0]])
targets = torch.tensor([0, 1])
criterion = nn.CrossEntropyLoss()

# CrossEntropyLoss = LogSoftmax + NLLLoss
log_softmax = nn.LogSoftmax(dim=1)
nll_loss = nn.NLLLoss()

# Equivalent computation
log_probs = log_softmax(logits)
loss_decomposed = nll_loss(log_probs, targets)

print(f"Decomposed: {loss_decomposed.item():.6f}")
print(f"Direct CE:  {criterion(logits, targets).item():.6f}")

# Logits far apart: the exact loss is 200
far, second = torch.tensor([[200.0, 0.0, 0.0]]), torch.tensor([1])
print(f"Far apart, LogSoftmax:       {nll_loss(log_softmax(far), second).item():.1f}")
log_of_softmax = torch.log(torch.softmax(far, dim=1))
print(f"Far apart, Softmax then log: {nll_loss(log_of_softmax, second).item():.1f}")

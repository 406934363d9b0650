r"""What nn.CrossEntropyLoss computes

`nn.CrossEntropyLoss` takes logits and class indices and returns the mean of
$-\log \ph_c$. It never forms the probabilities: softmax and logarithm are one
operation, log-softmax. Probabilities in the place of logits raise no error, they only
give another number. One-hot targets are allowed as well, as floats: they are read as
probabilities of classes.
"""

import torch
import torch.nn as nn

criterion = nn.CrossEntropyLoss()

# Input: logits (raw scores), NOT probabilities!
logits = torch.tensor(
    [
        [2.0, 1.0, 0.5],  # Sample 1
        [0.5, 2.5, 1.0],  # Sample 2
    ]
)

# Target: class indices
targets = torch.tensor([0, 1])  # Sample 1: class 0, Sample 2: class 1

loss = criterion(logits, targets)
print(f"CrossEntropyLoss: {loss.item():.4f}")

# The same targets, one-hot: floats are read as probabilities
one_hot = nn.functional.one_hot(targets, 3).float()
print(f"One-hot targets:  {criterion(logits, one_hot).item():.4f}")

# The common mistake: softmax is then applied twice, and nothing complains
twice = criterion(torch.softmax(logits, dim=1), targets)
print(f"Fed with probabilities (wrong): {twice.item():.4f}")

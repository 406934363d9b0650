import torch
import torch.nn as nn
import torch.nn.functional as F

# PyTorch's CrossEntropyLoss combines:
# 1. Softmax: logits → probabilities
# 2. Log: probabilities → log-probabilities
# 3. NLL: select true class log-prob, negate, average

criterion = nn.CrossEntropyLoss()

# Input: logits (raw scores), NOT probabilities!
logits = torch.tensor([[2.0, 1.0, 0.5],   # Sample 1
                       [0.5, 2.5, 1.0]])  # Sample 2

# Target: class indices, NOT one-hot!
targets = torch.tensor([0, 1])  # Sample 1: class 0, Sample 2: class 1

loss = criterion(logits, targets)
print(f"CrossEntropyLoss: {loss.item():.4f}")

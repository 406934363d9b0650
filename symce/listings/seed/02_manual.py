r"""Cross-entropy by hand

The mean over the samples of $-\log \ph_c$, with the log-probability of the true class
picked out by its index.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy_manual(logits: Tensor, targets: Tensor) -> Tensor:
    """
    Manual implementation of cross-entropy loss.

    CE = -mean(log(softmax(logits))[true_class])
       = mean(-log_softmax(logits)[true_class])
       = mean(NLL)
    """
    log_probs = F.log_softmax(logits, dim=1)
    nll = -log_probs[range(len(targets)), targets]
    return nll.mean()


logits = torch.tensor([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0]])
targets = torch.tensor([0, 1])

# Verify equivalence
loss_manual = cross_entropy_manual(logits, targets)
loss_pytorch = F.cross_entropy(logits, targets)
print(f"Manual:  {loss_manual.item():.6f}")
print(f"PyTorch: {loss_pytorch.item():.6f}")
print(f"Match:   {torch.allclose(loss_manual, loss_pytorch)}")

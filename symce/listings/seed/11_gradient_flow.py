r"""The gradient flow through softmax and cross-entropy

For one sample with logits $(2, 1, 0.5)$ the gradient in the logits is $\ph_k - y_k$:
negative at the true class, positive elsewhere, zero in sum. The loss is taken as the
logarithm of a softmax here, to follow the chain rule; at a probability that rounds to 0
this form has no gradient any more, while log-softmax has.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def numbers(row: Tensor) -> str:
    return "  ".join(f"{v:7.4f}" for v in row.tolist())


# Single sample for clarity
logits = torch.tensor([2.0, 1.0, 0.5], requires_grad=True)
true_class = 0

# Forward
probs = F.softmax(logits, dim=0)
loss = -torch.log(probs[true_class])

# Backward
(gradient,) = torch.autograd.grad(loss, logits)

print(f"Logits z:           {numbers(logits)}")
print(f"Probabilities π:    {numbers(probs)}")
print(f"True class:         {true_class}")
print(f"Loss:                {loss.item():.4f}")
print(f"∂L/∂z (autograd):   {numbers(gradient)}")

# Analytical: π - y
y_onehot = torch.zeros(3)
y_onehot[true_class] = 1
grad_analytical = probs.detach() - y_onehot
print(f"∂L/∂z (analytical): {numbers(grad_analytical)}")
print(f"Sum is 0:            {abs(gradient.sum().item()) < 1e-6}")

far = torch.tensor([0.0, 200.0, 0.0], requires_grad=True)
for name, loss in (
    ("log(softmax)", -torch.log(F.softmax(far, dim=0)[0])),
    ("log_softmax ", -F.log_softmax(far, dim=0)[0]),
):
    print(f"{name}  far off:  {numbers(torch.autograd.grad(loss, far)[0])}")

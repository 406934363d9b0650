r"""The derived gradients against autograd

The batch gradients $\frac{1}{N}(\hat{\mathbf{P}} - \mathbf{Y})^T \mathbf{X}$ and
$\frac{1}{N}(\hat{\mathbf{P}} - \mathbf{Y})^T \mathbf{1}$, compared with what PyTorch
finds by differentiating the loss itself. In float64 they agree to the last digits,
which a tolerance of $10^{-5}$ in float32 would not show.
"""

import torch
import torch.nn.functional as F


def verify_gradient_derivation(dtype: torch.dtype, tolerance: float) -> None:
    """
    Verify our analytical gradients match PyTorch autograd.
    """
    torch.manual_seed(42)

    # Setup
    N, D, K = 4, 5, 3  # 4 samples, 5 features, 3 classes
    X = torch.randn(N, D, dtype=dtype)
    y = torch.randint(0, K, (N,))
    W = torch.randn(K, D, dtype=dtype, requires_grad=True)
    b = torch.randn(K, dtype=dtype, requires_grad=True)

    # Forward pass
    logits = X @ W.T + b  # (N, K)
    probs = F.softmax(logits, dim=1)
    loss = F.cross_entropy(logits, y)

    # Autograd backward
    dW, db = torch.autograd.grad(loss, (W, b))

    # Our analytical gradients
    y_onehot = F.one_hot(y, K).to(dtype)
    dz = probs.detach() - y_onehot  # (N, K)
    dW_analytical = (1 / N) * dz.T @ X  # (K, D)
    db_analytical = (1 / N) * dz.sum(dim=0)  # (K,)

    # Compare
    for name, found, derived in ("dW", dW, dW_analytical), ("db", db, db_analytical):
        error = (found - derived).abs().max().item()
        print(f"{dtype}: {name} max error below {tolerance:.0e}: {error < tolerance}")


verify_gradient_derivation(torch.float32, 1e-6)
verify_gradient_derivation(torch.float64, 1e-14)

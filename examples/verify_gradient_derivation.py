"""The closed-form gradients of softmax regression against PyTorch's autograd, for N, D, K = 4, 5, 3.

    python examples/verify_gradient_derivation.py

    dL/dW = (1/N) (P - Y)^T X        dL/db = (1/N) (P - Y)^T 1

First the formula written out in PyTorch, then symce's generated kernels in PyTorch and in NumPy, all compared with
autograd of ``torch.nn.functional.cross_entropy``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from symce_kernels.numpy import cross_entropy as numpy_kernel
from symce_kernels.torch.functional import cross_entropy as torch_kernel

N, D, K = 4, 5, 3  # samples, features, classes
Gradients = tuple[Tensor, Tensor]


def sample(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """X (N, D), y (N,), W (K, D), b (K,): the same draws of single precision for every dtype."""
    generator = torch.Generator().manual_seed(42)
    X = torch.randn(N, D, generator=generator)
    y = torch.randint(0, K, (N,), generator=generator)
    W = torch.randn(K, D, generator=generator)
    b = torch.randn(K, generator=generator)
    return X.to(dtype), y, W.to(dtype).requires_grad_(), b.to(dtype).requires_grad_()


def autograd(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Gradients:
    """PyTorch differentiates its own cross-entropy."""
    dW, db = torch.autograd.grad(F.cross_entropy(X @ W.T + b, y), (W, b))
    return dW, db


def closed_form(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Gradients:
    """The formula: dW = (1/N) (P - Y)^T X, db = (1/N) (P - Y)^T 1."""
    P = F.softmax(X @ W.T + b, dim=1).detach()
    dz = P - F.one_hot(y, K).to(X.dtype)  # (N, K)
    return (1 / N) * dz.T @ X, (1 / N) * dz.sum(dim=0)


def generated_torch(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Gradients:
    """The generated autograd.Function: autograd does the linear layer, the closed form the loss."""
    dW, db = torch.autograd.grad(torch_kernel(X @ W.T + b, y), (W, b))
    return dW, db


def generated_numpy(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Gradients:
    """The generated NumPy kernel gives G/N at once; the linear layer is (G/N)^T X and (G/N)^T 1."""
    logits = (X @ W.T + b).detach().numpy()
    mean_gradient = torch.from_numpy(numpy_kernel.grad(logits, y.numpy(), reduction="mean"))
    return mean_gradient.T @ X, mean_gradient.sum(dim=0)


def errors(ours: Gradients, theirs: Gradients) -> tuple[float, float]:
    """The largest absolute differences of dW and of db."""
    dW, db = ((a - e).abs().max().item() for a, e in zip(ours, theirs, strict=True))
    return dW, db


def main() -> None:
    data = sample(torch.float32)
    expected, ours = autograd(*data), closed_form(*data)
    dW_error, db_error = errors(ours, expected)
    print("Gradient Verification")
    print("=" * 50)
    print(f"dW max error: {dW_error:.2e}")
    print(f"db max error: {db_error:.2e}")
    print(f"Gradients match: {torch.allclose(expected[0], ours[0], atol=1e-5)}")
    print()
    print(f"{'against autograd, max error':28} {'dtype':8} {'dW':>9} {'db':>9}")
    for title, gradients in (
        ("closed form in PyTorch", closed_form),
        ("symce's PyTorch kernel", generated_torch),
        ("symce's NumPy kernel", generated_numpy),
    ):
        for dtype in (torch.float32, torch.float64):
            data = sample(dtype)
            dW_error, db_error = errors(gradients(*data), autograd(*data))
            print(f"{title:28} {str(dtype).removeprefix('torch.'):8} {dW_error:9.2e} {db_error:9.2e}")


if __name__ == "__main__":
    main()

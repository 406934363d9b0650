"""The drop-in functions within PyTorch's transforms: compiled, mapped, differentiated forwards and twice; autocast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from pytorch.compare import FUNCTIONAL, F, quiet
from torch import Tensor


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


Z, Y, P = normal(5, 4), torch.tensor([0, 3, -100, 1, 2]), normal(5, 4, seed=1).softmax(1)
W = normal(4, seed=2).abs()
CALLS: dict[str, tuple[str, Tensor, dict[str, Any]]] = {
    "cross_entropy": ("cross_entropy", Y, {"weight": W, "label_smoothing": 0.1}),
    "cross_entropy, probabilities": ("cross_entropy", P, {"weight": W}),
    "nll_loss": ("nll_loss", Y, {"weight": W}),
    "binary_cross_entropy_with_logits": ("binary_cross_entropy_with_logits", P, {}),
    "binary_cross_entropy_with_logits, weighted": ("binary_cross_entropy_with_logits", P, {"pos_weight": W}),
    "kl_div": ("kl_div", P, {"reduction": "batchmean"}),
    "kl_div, log_target": ("kl_div", P.log(), {"reduction": "batchmean", "log_target": True}),
}


@pytest.mark.parametrize("call", CALLS)
def test_transforms(call: str) -> None:
    name, target, options = CALLS[call]

    def made(where: Any) -> Callable[..., Tensor]:
        return lambda z, t=target: getattr(where, name)(z, t, **options)

    def close(transform: Callable[[Callable[..., Tensor]], Any]) -> None:
        with quiet():  # PyTorch's forward mode uses what it calls deprecated, and maps kl_div slowly
            torch.testing.assert_close(transform(made(FUNCTIONAL)), transform(made(F)), rtol=1e-11, atol=1e-13)

    close(lambda f: torch.func.grad(f)(Z))
    close(lambda f: torch.func.vmap(f)(torch.stack([Z, 2 * Z])))
    close(lambda f: torch.func.vmap(torch.func.grad(f))(torch.stack([Z, 2 * Z])))
    close(lambda f: torch.func.hessian(f)(Z))
    close(lambda f: torch.func.jvp(f, (Z,), (P,)))
    if target.is_floating_point():
        close(lambda f: torch.func.grad(f, argnums=1)(Z, target))
        close(lambda f: torch.func.jvp(f, (Z, target), (P, Z)))


@pytest.mark.parametrize("call", CALLS)
def test_compiled_in_one_graph(call: str) -> None:
    name, target, options = CALLS[call]
    with quiet():
        compiled = torch.compile(
            lambda z: getattr(FUNCTIONAL, name)(z, target, **options), fullgraph=True, backend="aot_eager"
        )
        z = Z.clone().requires_grad_()
        value = compiled(z)
        (gradient,) = torch.autograd.grad(value, z)
    x = Z.clone().requires_grad_()
    right = getattr(F, name)(x, target, **options)
    torch.testing.assert_close([value, gradient], [right, *torch.autograd.grad(right, x)])


@pytest.mark.parametrize("call", CALLS)
def test_autocast(call: str) -> None:
    name, target, options = CALLS[call]
    target = target.float() if target.is_floating_point() else target
    options = {n: a.float() if isinstance(a, Tensor) else a for n, a in options.items()}
    for dtype in (torch.float32, torch.bfloat16):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            z = Z.to(dtype)
            found, right = (getattr(where, name)(z, target, **options) for where in (FUNCTIONAL, F))
        torch.testing.assert_close(found, right, rtol=1e-5, atol=1e-6)

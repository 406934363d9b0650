"""A linear layer and cross-entropy: loss, gradients of x and W, and the matrix products that none can do without."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.speed.data import Data
from benchmarks.speed.peers.contestant import (
    LIMIT,
    LINEAR,
    LINEAR_EAGER,
    LINEAR_TORCH,
    PEER,
    PRODUCTS,
    SYMCE,
    Contestant,
    Missing,
    Run,
)
from benchmarks.speed.peers.pytorch import torch_here

LOSS = ("linear_cross_entropy",)
SECTIONS = ("linear", "memory")


def inputs(data: Data) -> tuple[Any, Any, Any]:
    torch = torch_here(data)
    return tuple(torch.from_numpy(a) for a in (data.x, data.W, data.target))


def build_products(data: Data) -> Run:
    """z = x W^T, then dx = z W and dW = z^T x, with the logits in place of their gradient; all into kept memory."""
    torch = torch_here(data)
    x, W, _ = inputs(data)
    z, dx, dW = torch.zeros(len(x), len(W)), torch.zeros_like(x), torch.zeros_like(W)

    def run():
        torch.mm(x, W.T, out=z)
        torch.mm(z, W, out=dx)
        torch.mm(z.T, x, out=dW)
        return None, dx

    return run


def trained(loss_of: Callable[[Any, Any, Any], Any], data: Data) -> Run:
    x, W, c = inputs(data)
    x, W = x.requires_grad_(), W.requires_grad_()

    def run():
        loss = loss_of(x, W, c)
        loss.backward()
        dx, x.grad, W.grad = x.grad, None, None
        return loss.detach(), dx

    return run


def build_eager(data: Data) -> Run:
    F = torch_here(data).nn.functional
    return trained(lambda x, W, c: F.cross_entropy(F.linear(x, W), c), data)


def build_torch(**settings: Any) -> Callable[[Data], Run]:
    """``F.linear_cross_entropy`` with options, or with none of them."""

    def build(data: Data) -> Run:
        torch = torch_here(data)
        call = getattr(torch.nn.functional, "linear_cross_entropy", None)
        if call is None:
            raise Missing(f"PyTorch {torch.__version__} has no F.linear_cross_entropy")
        options = torch.nn.LinearCrossEntropyOptions(**settings) if settings else None
        return trained(lambda x, W, c: call(x, W, c, options=options), data)

    return build


def build_symce(data: Data) -> Run:
    torch_here(data)
    try:
        module = importlib.import_module("symce_kernels.torch.linear")
    except ImportError as error:
        raise Missing(f"symce_kernels.torch.linear cannot be imported: {error}") from error
    return trained(lambda x, W, c: module.linear_cross_entropy(x, W, None, c), data)


CONTESTANTS = (
    Contestant(LINEAR, SYMCE, "torch", build_symce, LOSS, ("float32",), SECTIONS),
    Contestant(PRODUCTS, LIMIT, "torch", build_products, LOSS, ("float32",), ("linear",)),
    Contestant(LINEAR_EAGER, PEER, "torch", build_eager, LOSS, ("float32",), SECTIONS),
    Contestant(LINEAR_TORCH, PEER, "torch", build_torch(), LOSS, ("float32",), SECTIONS),
    *(
        Contestant(f"{LINEAR_TORCH}, {words}", PEER, "torch", build_torch(**settings), LOSS, ("float32",), SECTIONS)
        for words, settings in (
            ("chunks chosen by it", {"chunking_method": "auto"}),
            ("chunks of 512 rows", {"batch_chunk_size": 512}),
        )
    ),
)

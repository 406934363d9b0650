"""PyTorch: its own functions and backward, the same compiled, and the closed forms compiled into a kept output."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchmarks.speed.data import Data
from benchmarks.speed.peers.contestant import (
    ALL_LOSSES,
    COMPILED,
    COMPILED_FORM,
    EAGER,
    EAGER_HUGE,
    PEER,
    Contestant,
    Missing,
    Run,
)
from benchmarks.speed.shapes import DTYPES

SMOOTHING, GAMMA, ALPHA = 0.1, 2.0, 0.25
HUGE = {"THP_MEM_ALLOC_ENABLE": "1"}


def torch_here(data: Data) -> Any:
    try:
        import torch
    except ImportError as error:
        raise Missing("PyTorch is not installed: pip install 'symce[bench]'") from error
    torch.set_num_threads(data.threads)
    return torch


def tensors(data: Data) -> tuple[Any, tuple[Any, ...]]:
    """The logits, and what else the loss takes, as tensors of the cell's dtype."""
    torch = torch_here(data)
    dtype = getattr(torch, data.cell.dtype)
    z = torch.from_numpy(data.logits).to(dtype)
    if data.cell.loss == "soft_targets":
        return z, (torch.from_numpy(data.distribution).to(dtype),)
    if data.cell.loss == "sigmoid_focal":
        return z, (torch.from_numpy(data.labels).to(dtype),)
    c = torch.from_numpy(data.target)
    if data.cell.loss == "weighted_smoothed":
        return z, (c, torch.from_numpy(data.weight).to(dtype))
    return z, (c,)


def usual(data: Data) -> Callable[..., Any]:
    """The loss as people write it: PyTorch's function where it has one, else the code of libraries on top of it."""
    torch = torch_here(data)
    F = torch.nn.functional

    def focal(z, c):
        log_p = F.log_softmax(z, dim=1).gather(1, c[:, None])[:, 0]
        return (-((1 - log_p.exp()) ** GAMMA) * log_p).mean()

    def sigmoid_focal(z, y):  # as torchvision.ops has it
        p = torch.sigmoid(z)
        entropy = F.binary_cross_entropy_with_logits(z, y, reduction="none")
        p_t = p * y + (1 - p) * (1 - y)
        return ((ALPHA * y + (1 - ALPHA) * (1 - y)) * entropy * (1 - p_t) ** GAMMA).mean()

    return {
        "cross_entropy": F.cross_entropy,
        "weighted_smoothed": lambda z, c, w: F.cross_entropy(z, c, weight=w, label_smoothing=SMOOTHING),
        "soft_targets": F.cross_entropy,
        "focal": focal,
        "sigmoid_focal": sigmoid_focal,
    }[data.cell.loss]


def closed_form(data: Data) -> Callable[..., Any]:
    """Loss and gradient in plain tensor code, for the compiler to fuse: loss and gradient of logits and targets."""
    torch = torch_here(data)
    F = torch.nn.functional

    def one_hot(z, c):
        return (torch.arange(z.shape[1], device=z.device) == c[:, None]).to(z.dtype)

    def cross_entropy(z, c):
        losses = torch.logsumexp(z, 1) - z.gather(1, c[:, None])[:, 0]
        return losses.mean(), (torch.softmax(z, 1) - one_hot(z, c)) / z.shape[0]

    def distribution(z, q, denominator):
        loss = -(q * F.log_softmax(z, 1)).sum() / denominator
        return loss, (torch.softmax(z, 1) * q.sum(1, keepdim=True) - q) / denominator

    def weighted_smoothed(z, c, w):
        q = w * ((1 - SMOOTHING) * one_hot(z, c) + SMOOTHING / z.shape[1])
        return distribution(z, q, w[c].sum())

    def focal(z, c):
        log_p = F.log_softmax(z, 1)
        log_p_c = log_p.gather(1, c[:, None])
        p_c = log_p_c.exp()
        q_c = 1 - p_c
        factor = q_c ** (GAMMA - 1) * (q_c - GAMMA * p_c * log_p_c)
        return (-(q_c**GAMMA) * log_p_c).mean(), factor * (log_p.exp() - one_hot(z, c)) / z.shape[0]

    def sigmoid_focal(z, y):
        s, log_s, log_not = torch.sigmoid(z), F.logsigmoid(z), F.logsigmoid(-z)
        loss = -(ALPHA * y * (1 - s) ** GAMMA * log_s + (1 - ALPHA) * (1 - y) * s**GAMMA * log_not).mean()
        positive = ALPHA * y * (1 - s) ** GAMMA * (GAMMA * s * log_s - (1 - s))
        negative = (1 - ALPHA) * (1 - y) * s**GAMMA * (s - GAMMA * (1 - s) * log_not)
        return loss, (positive + negative) / z.numel()

    return {
        "cross_entropy": cross_entropy,
        "weighted_smoothed": weighted_smoothed,
        "soft_targets": lambda z, y: distribution(z, y, z.shape[0]),
        "focal": focal,
        "sigmoid_focal": sigmoid_focal,
    }[data.cell.loss]


def backward(loss_of: Callable[..., Any], data: Data) -> Run:
    """Forward and backward of a function, on a leaf whose gradient is a fresh tensor every time."""
    z, others = tensors(data)
    z = z.detach().requires_grad_()

    def run():
        loss = loss_of(z, *others)
        loss.backward()
        gradient, z.grad = z.grad, None  # the caller's alone: it is gone before the next one is made
        return loss.detach(), gradient

    return run


def build_eager(data: Data) -> Run:
    return backward(usual(data), data)


def build_huge(data: Data) -> Run:
    if os.environ.get("THP_MEM_ALLOC_ENABLE") != "1":
        raise Missing("THP_MEM_ALLOC_ENABLE was not set when the process began")
    return build_eager(data)


def build_compiled(data: Data) -> Run:
    return backward(torch_here(data).compile(usual(data), dynamic=False), data)


def build_compiled_form(data: Data) -> Run:
    torch = torch_here(data)
    form = closed_form(data)

    def into(z, out, *others):
        loss, gradient = form(z, *others)
        out.copy_(gradient)
        return loss

    compiled = torch.compile(into, dynamic=False)
    z, others = tensors(data)
    out = torch.zeros_like(z)

    def run():
        with torch.no_grad():
            return compiled(z, out, *others), out

    return run


CONTESTANTS = (
    Contestant(EAGER, PEER, "torch", build_eager, ALL_LOSSES, DTYPES, ("times", "overhead", "memory")),
    Contestant(EAGER_HUGE, PEER, "torch, huge pages", build_huge, ALL_LOSSES, DTYPES, ("times",), environment=HUGE),
    Contestant(COMPILED, PEER, "torch", build_compiled, ALL_LOSSES, DTYPES, compiles=True),
    Contestant(COMPILED_FORM, PEER, "torch", build_compiled_form, ALL_LOSSES, DTYPES, compiles=True),
)

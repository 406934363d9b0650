"""Means over batches that are spread over processes and micro-batches, beside the mean that one process makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from symce_kernels.torch import bce_with_logits, cross_entropy, focal
from symce_kernels.torch.parallel import mean_denominator

FEATURES, CLASSES, ROWS = 5, 6, 23
#: the rows of each process, in micro-batches; the second of the last process has only rows that are ignored
PARTS = [[(0, 4), (4, 5)], [(5, 9), (9, 13)], [(13, 14), (14, 19)], [(19, 21), (21, 23)]]
KINDS = ("weighted", "plain", "dense", "elements", "nothing")


def batch(kind: str) -> tuple[Tensor, Tensor, Callable[..., Tensor], dict[str, Any]]:
    """Features, targets, a loss and its options."""
    draw = torch.Generator().manual_seed(7)
    x = torch.randn(ROWS, FEATURES, generator=draw, dtype=torch.float64)
    target = torch.randint(0, CLASSES, (ROWS,), generator=draw)
    target[[1, 4, 8, 14, 15, 21, 22]] = -100
    weight = 0.5 + torch.rand(CLASSES, generator=draw, dtype=torch.float64)
    soft = torch.rand(ROWS, CLASSES, generator=draw, dtype=torch.float64)
    return {
        "weighted": (x, target, cross_entropy, {"weight": weight, "label_smoothing": 0.1}),
        "plain": (x, target, focal, {"gamma": 1.5}),
        "dense": (x, soft, cross_entropy, {"weight": weight}),
        "elements": (x, soft, bce_with_logits, {}),
        "nothing": (x, torch.full((ROWS,), -100), cross_entropy, {"on_empty": "zero"}),
    }[kind]


def model() -> nn.Linear:
    made = nn.Linear(FEATURES, CLASSES, dtype=torch.float64)
    with torch.no_grad():
        for n, p in enumerate(made.parameters()):
            p.copy_(torch.linspace(-1, 1, p.numel(), dtype=torch.float64).reshape(p.shape) * (n + 1))
    return made


def gradients(made: nn.Module) -> Tensor:
    return torch.cat([p.grad.reshape(-1) for p in made.parameters() if p.grad is not None])


def whole(kind: str) -> tuple[Tensor, Tensor]:
    """The mean over the batch by one process, and its gradient."""
    x, target, loss, options = batch(kind)
    made = model()
    value = loss(made(x), target, **options)
    value.backward()
    return value.detach(), gradients(made)


def means(rank: int) -> Iterator[tuple[str, Any]]:
    for kind in KINDS:
        for averaged in (False, True):
            value = _spread(rank, kind, averaged)
            if rank == 0:
                yield f"mean/{kind}/{averaged}", value
    if rank == 3:
        yield from ((f"mean/{kind}", whole(kind)) for kind in KINDS)


def _spread(rank: int, kind: str, averaged: bool) -> tuple[Tensor, Tensor]:
    """The same by four processes with two micro-batches each: gradients are added up, or averaged by DDP."""
    x, target, loss, options = batch(kind)
    parts = [slice(*part) for part in PARTS[rank]]
    counts: Any = [target[part].numel() if kind == "elements" else target[part] for part in parts]
    weight = options.get("weight") if not target.is_floating_point() else None
    denominator = mean_denominator(counts, weight=weight, averaged=averaged)
    made = model()
    wrapped: nn.Module = nn.parallel.DistributedDataParallel(made) if averaged else made
    total = torch.zeros((), dtype=torch.float64)
    for n, part in enumerate(parts):

        def step(part: slice = part) -> Tensor:
            value = loss(wrapped(x[part]), target[part], normalizer=denominator, **options)
            value.backward()
            return value.detach()

        if averaged and n == 0:
            with wrapped.no_sync():  # the gradients of a micro-batch that is not the last are kept
                total += step()
        else:
            total += step()
    gradient = gradients(made)
    for tensor in (total, *([] if averaged else [gradient])):
        dist.all_reduce(tensor)
    return total / dist.get_world_size() if averaged else total, gradient

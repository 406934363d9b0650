"""A function of symce and the one of PyTorch, side by side: values, and gradients for a random cotangent."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from unittest import mock

import torch
from torch import Tensor

FUNCTIONAL = import_module("symce_kernels.torch.functional")
MODULES = import_module("symce_kernels.torch.modules")
F = torch.nn.functional
NAMES = (
    "cross_entropy",
    "nll_loss",
    "kl_div",
    "binary_cross_entropy_with_logits",
    "softmax",
    "log_softmax",
    "linear_cross_entropy",
)


@contextmanager
def quiet() -> Iterator[None]:
    """PyTorch's warnings about its own arguments are compared in a test of theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class LeftToPyTorch(Exception):
    """A call that went to PyTorch's own function."""


@contextmanager
def without_pytorchs(*names: str) -> Iterator[None]:
    """PyTorch's functions fail if they are called: what is computed within is symce's own."""

    def refuse(*_: Any, **__: Any) -> Tensor:
        raise LeftToPyTorch

    with mock.patch.multiple(F, **dict.fromkeys(names, refuse)):
        yield


def fresh(a: Any) -> Any:
    """A copy of a tensor, a leaf that requires grad if the tensor does; all else as it is."""
    return a.detach().clone().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a


def outcome(
    function: Callable[..., Tensor], args: Sequence[Any], kwargs: Mapping[str, Any], *, second: bool = False
) -> list[Tensor]:
    """The value, its gradients for a random cotangent, and (``second``) theirs for random cotangents."""
    given, named = [fresh(a) for a in args], {n: fresh(a) for n, a in kwargs.items()}
    leaves = [a for a in (*given, *named.values()) if isinstance(a, Tensor) and a.requires_grad]
    generator = torch.Generator().manual_seed(7)
    with quiet():
        value = function(*given, **named)
    if not leaves:
        return [value]
    gradients = _gradients([value], leaves, generator, again=second)
    twice = _gradients(gradients, leaves, generator) if second else []
    return [value, *gradients, *twice]


def _gradients(
    values: list[Tensor], leaves: list[Tensor], generator: torch.Generator, *, again: bool = False
) -> list[Tensor]:
    """The gradients of the values' sum with random factors: 0 where there is none."""
    random = [torch.randn(v.shape, dtype=torch.float64, generator=generator).to(v.dtype) for v in values]
    pairs = [(v, r) for v, r in zip(values, random, strict=True) if v.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(leaves)
    if pairs:
        outputs, cotangents = zip(*pairs, strict=True)
        found = torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True, create_graph=again)
    return [torch.zeros_like(a) if g is None else g for a, g in zip(leaves, found, strict=True)]


def agree(found: list[Tensor], right: list[Tensor], *, rtol: float = 1e-12, atol: float = 1e-14) -> None:
    assert len(found) == len(right)
    for a, b in zip(found, right, strict=True):
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol, equal_nan=True)  # and of one dtype and shape


def refused(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> type[Exception] | None:
    """The type of the error that a call raises."""
    with quiet():
        try:
            function(*args, **kwargs)
        except Exception as error:
            return type(error)
    return None

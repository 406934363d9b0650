"""The kernels that symce derives: native, NumPy, PyTorch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.speed.data import Data
from benchmarks.speed.peers.contestant import (
    ALL_LOSSES,
    NATIVE,
    NATIVE_KEPT,
    NATIVE_VALUE,
    NUMPY,
    PYTORCH,
    SYMCE,
    Contestant,
    Missing,
    Run,
)
from benchmarks.speed.peers.pytorch import ALPHA, GAMMA, SMOOTHING, tensors
from benchmarks.speed.shapes import DTYPES

#: the name of the kernel, and the options that make it the loss that is measured
KERNELS: dict[str, tuple[str, dict[str, Any]]] = {
    "cross_entropy": ("cross_entropy", {}),
    "weighted_smoothed": ("cross_entropy", {"label_smoothing": SMOOTHING}),
    "soft_targets": ("cross_entropy", {}),
    "focal": ("focal", {"gamma": GAMMA}),
    "sigmoid_focal": ("sigmoid_focal", {"gamma": GAMMA, "alpha": ALPHA, "beta": 1 - ALPHA}),
}
HALF = ("bfloat16",)


def kernel(package: str, data: Data) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The module of a kernel, its logits and target, and its options. Raises Missing."""
    name, options = KERNELS[data.cell.loss]
    try:
        module = importlib.import_module(f"symce_kernels.{package}.{name}")
    except ImportError as error:
        raise Missing(f"symce_kernels.{package}.{name} cannot be imported: {error}") from error
    target = {"soft_targets": "distribution", "sigmoid_focal": "labels"}.get(data.cell.loss, "target")
    if data.cell.loss == "weighted_smoothed":
        options = {**options, "weight": data.weight}
    return module, (data.logits, getattr(data, target)), options


def native(function: str, keep: bool) -> Callable[[Data], Run]:
    def build(data: Data) -> Run:
        module, arguments, options = kernel("native", data)
        options = {**options, "threads": data.threads, **({"out": np.zeros_like(data.logits)} if keep else {})}
        call = getattr(module, function)
        try:  # where there is no compiler, the first call says so: a row without one is missing, not failed
            call(*(a[:1] for a in arguments), **{n: o for n, o in options.items() if n != "out"})
        except (OSError, RuntimeError) as error:
            raise Missing(f"native kernels cannot be had here: {error}") from error
        if function == "value":
            return lambda: (call(*arguments, **options), None)
        return lambda: call(*arguments, **options)

    return build


def build_numpy(data: Data) -> Run:
    module, arguments, options = kernel("numpy", data)
    return lambda: module.value_and_grad(*arguments, **options)


def build_pytorch(data: Data) -> Run:
    """As a training loop calls it: a leaf whose gradient is a fresh tensor every time."""
    z, others = tensors(data)
    import symce_kernels.torch.functional as F

    name, options = KERNELS[data.cell.loss]
    if data.cell.loss == "weighted_smoothed":
        options, others = {**options, "weight": others[1]}, others[:1]
    loss_of = getattr(F, name)
    z = z.detach().requires_grad_()

    def run():
        loss = loss_of(z, *others, **options)
        loss.backward()
        gradient, z.grad = z.grad, None
        return loss.detach(), gradient

    return run


EVERYWHERE = ("times", "overhead", "memory")
CONTESTANTS = (
    Contestant(
        NATIVE_KEPT, SYMCE, "symce", native("value_and_grad", True), ALL_LOSSES, sections=(*EVERYWHERE, "growth")
    ),
    Contestant(NATIVE, SYMCE, "symce", native("value_and_grad", False), ALL_LOSSES),
    Contestant(NATIVE_VALUE, SYMCE, "symce", native("value", False), sections=("memory",)),
    Contestant(PYTORCH, SYMCE, "torch", build_pytorch, ALL_LOSSES, DTYPES, EVERYWHERE),
    Contestant(NUMPY, SYMCE, "symce", build_numpy, sections=EVERYWHERE),
)

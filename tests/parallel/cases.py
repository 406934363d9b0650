"""Calls of the losses that are made twice: in one process with all classes, and in several with some each."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

#: the classes of each process, by the number of processes; an axis may be cut anywhere, and a process may have none
SIZES = {1: [11], 2: [4, 7], 3: [5, 0, 6], 4: [1, 6, 1, 3]}
CLASSES = 11
ROWS = 9
#: losses by the targets that they take, with parameters that are not their defaults
LOSSES: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "brier": (("index", "dense"), {}),
    "confidence_penalty": (("index", "dense"), {"beta": 0.7}),
    "cross_entropy": (("index", "dense"), {}),
    "distillation": (("none",), {"T": 1.7, "t": "entries"}),
    "focal": (("index",), {"gamma": 1.5, "alpha": "classes"}),
    "generalised_cross_entropy": (("index",), {"r": 0.7}),
    "info_nce": (("index",), {"T": 0.3}),
    "kl_softmax_target": (("dense",), {}),
    "kl_target_softmax": (("dense",), {}),
    "label_smoothing": (("index",), {"eps": 0.1}),
    "label_smoothing_uniform": (("index",), {"eps": 0.1}),
    "nll_loss": (("index",), {}),
    "poly1": (("index", "dense"), {"eps": 1.5}),
    "soft_capped_cross_entropy": (("index", "dense"), {"cap": 4.0}),
    "softmax_entropy": (("none",), {}),
    "temperature_cross_entropy": (("index", "dense"), {"T": 2.5}),
    "weighted_cross_entropy": (("index", "dense"), {"w": "classes"}),
    "z_loss": (("index", "dense"), {"tau": 0.01}),
}


@dataclass(frozen=True)
class Case:
    """One call. ``data`` says what the logits are like; ``options`` are those of the call, "classes" a tensor (K,)."""

    name: str
    loss: str
    form: str
    options: dict[str, Any] = field(default_factory=dict)
    data: str = "plain"
    dtype: torch.dtype = torch.float64

    def tensors(self) -> dict[str, Any]:
        """The arguments for all classes, the same in every process."""
        draw = torch.Generator().manual_seed(zlib.crc32(self.name.encode()))
        batch = (2, 3) if self.data == "dimensions" else ()
        shape = (2, CLASSES, 3) if batch else (ROWS, CLASSES)
        logits = 3 * torch.randn(shape, generator=draw, dtype=torch.float64)
        rows = batch or (ROWS,)
        if self.data == "rows":
            _remarkable(logits)
        if self.data == "special":
            _special(logits)
        target = None
        if self.form == "index":
            target = torch.randint(0, CLASSES, rows, generator=draw)
        if self.form == "dense":
            target = torch.softmax(2 * torch.randn(shape, generator=draw, dtype=torch.float64), 1)
            if self.data == "rows":
                target[0], target[1] = torch.softmax(logits[0], 0), 0.0  # nearly the softmax itself, and one class
                target[1, 7] = 1.0
        options: dict[str, Any] = {}
        for name, value in self.options.items():
            if isinstance(value, str) and value == "classes":
                value = 0.5 + torch.rand(CLASSES, generator=draw, dtype=torch.float64)
            if isinstance(value, str) and value == "entries":
                value = logits + torch.randn(shape, generator=draw, dtype=torch.float64)
            options[name] = value.to(self.dtype) if isinstance(value, Tensor) else value
        if "ignore_index" in options and target is not None and self.form == "index":
            ignored = torch.rand(rows, generator=draw) < 0.4
            target = torch.where(ignored, options["ignore_index"], target)
            logits.movedim(1, -1)[ignored] = torch.nan
        single = options.get("reduction", "none") != "none"
        cotangent = torch.randn(() if single else rows, generator=draw, dtype=torch.float64)
        v = torch.randn(shape, generator=draw, dtype=torch.float64)
        dense = target is not None and target.is_floating_point()
        return {
            "logits": logits.to(self.dtype),
            "target": target.to(self.dtype) if dense and target is not None else target,
            "options": {"reduction": "none", **options},
            "cotangent": cotangent.to(self.dtype),
            "v": v.to(self.dtype),
        }

    def parallel(self) -> Callable[..., Tensor]:
        return getattr(import_module("symce_kernels.torch.parallel"), self.loss)

    def single(self) -> dict[str, Tensor]:
        """What one process makes of it."""
        t = self.tensors()
        function = getattr(import_module("symce_kernels.torch"), self.loss)
        return _derivatives(function, t, t["logits"], t["target"], t["options"], t["v"])

    def sharded(self, shards: Any) -> dict[str, Tensor]:
        """What this process makes of it, with the gradients of its own classes."""
        t = self.tensors()
        function = self.parallel()

        def own(value: Any) -> Any:
            entries = isinstance(value, Tensor) and value.shape == t["logits"].shape
            return value.narrow(1, shards.offset, shards.size) if entries else value

        options = {name: own(value) for name, value in t["options"].items()}
        return _derivatives(
            lambda *args, **more: function(*args, shards=shards, **more),
            t, own(t["logits"]), own(t["target"]), options, own(t["v"]),
        )  # fmt: skip


def _derivatives(
    function: Callable[..., Tensor], t: dict[str, Any], logits: Tensor, target: Any, options: dict[str, Any], v: Tensor
) -> dict[str, Tensor]:
    """The loss, its gradient for a cotangent, and the derivatives of the gradient times v by logits and cotangent."""
    logits = logits.clone().requires_grad_()
    cotangent = t["cotangent"].clone().requires_grad_()
    loss = function(*((logits,) if target is None else (logits, target)), **options)
    (gradient,) = torch.autograd.grad(loss, logits, cotangent, create_graph=True)
    inputs = (logits, cotangent)
    second = torch.autograd.grad(gradient, inputs, v, allow_unused=True)
    hvp, of_cotangent = (
        torch.zeros_like(a) if s is None else s for s, a in zip(second, (logits, cotangent), strict=True)
    )
    found = {"loss": loss, "gradient": gradient, "hvp": hvp, "of_cotangent": of_cotangent}
    return {name: value.detach() for name, value in found.items()}


def _remarkable(logits: Tensor) -> None:
    """Rows that closed forms are written for: equal, certain, far from 0, with ties over processes, with masks."""
    logits[1] *= 20
    logits[2] += 1000
    logits[3] -= 5000
    logits[4] = 0.25
    logits[5, 2] = logits[5, 9] = 30.0
    logits[6, [0, 4, 10]] = -torch.inf
    logits[7, 8] = 400.0
    logits[8, :10] = -torch.inf


def _special(logits: Tensor) -> None:
    """Rows with infinities and NaN."""
    logits[0, 3] = torch.inf
    logits[1, [2, 9]] = torch.inf
    logits[2, 10] = torch.nan
    logits[3] = -torch.inf
    logits[4, 0], logits[4, 8] = torch.inf, -torch.inf


def cases() -> Iterator[Case]:
    for loss, (forms, options) in LOSSES.items():
        for form in forms:
            yield Case(f"{loss}-{form}", loss, form, options)
            if loss not in ("nll_loss", "distillation"):
                yield Case(f"{loss}-{form}-rows", loss, form, options, "rows")
            if loss in ("cross_entropy", "distillation", "focal"):
                yield Case(f"{loss}-{form}-dimensions", loss, form, options, "dimensions")
            yield Case(f"{loss}-{form}-float32", loss, form, options, dtype=torch.float32)
    for form, weight, smoothing, ignored, reduction in itertools.product(
        ("index", "dense"), (None, "classes"), (0.0, 0.2), (None, 3), ("mean", "sum", "none")
    ):
        options: dict[str, Any] = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
        if form == "index" and ignored is not None:
            options["ignore_index"] = ignored
        if form == "index" or ignored is None:
            words = [f"{form}", *(f"{k}={v}" for k, v in options.items())]
            yield Case("cross_entropy-" + "-".join(words), "cross_entropy", form, options)
    for infinite in ("nan", "limit"):
        for loss, form in (("cross_entropy", "index"), ("cross_entropy", "dense"), ("focal", "index")):
            yield Case(f"{loss}-{form}-{infinite}", loss, form, {"infinite": infinite}, "special")
    for options in ({"on_empty": "zero"}, {"on_empty": "nan"}, {"normalizer": 5.0}, {"precision": "wide"}):
        (word,) = options
        for kind in (torch.float64, torch.bfloat16):
            more = {"ignore_index": 3, "reduction": "mean", **options}
            name = f"cross_entropy-{word}={options[word]}-{str(kind).removeprefix('torch.')}"
            yield Case(name, "cross_entropy", "index", more, dtype=kind)


CASES = {case.name: case for case in cases()}

"""Calls with DTensors, on meshes of four processes: the classes over one dimension, rows over another or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class OnMesh:
    """One call; ``classes`` over four processes make shards as Shard does, of 3, 3, 3 and 0 for 9."""

    loss: str
    form: str
    mesh: tuple[int, ...]
    classes: int
    reduction: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "mesh/" + "-".join(map(str, (*self.__dict__.values(),)))

    def tensors(self) -> tuple[Tensor, Tensor | None, dict[str, Any], Tensor]:
        draw = torch.Generator().manual_seed(len(self.name) + self.classes)
        rows, real = 7, torch.float64
        logits = 3 * torch.randn(rows, self.classes, generator=draw, dtype=real)
        target: Tensor | None = torch.randint(0, self.classes, (rows,), generator=draw)
        options: dict[str, Any] = {"reduction": self.reduction}
        if "ignore" in self.options:
            target[[0, 1, 5]], options["ignore_index"] = -1, -1
        for name in {"weight", "alpha"} & set(self.options):
            options[name] = 0.5 + torch.rand(self.classes, generator=draw, dtype=real)
        if "t" in self.options:
            options["t"] = logits + torch.randn(logits.shape, generator=draw, dtype=real)
        if "smoothing" in self.options:
            options["label_smoothing"] = 0.1
        if self.form == "dense":
            target = torch.softmax(torch.randn(logits.shape, generator=draw, dtype=real), 1)
        if self.form == "none":
            target = None
        cotangent = torch.randn((rows,) if self.reduction == "none" else (), generator=draw, dtype=real)
        return logits, target, options, cotangent

    def single(self) -> tuple[Tensor, Tensor]:
        logits, target, options, cotangent = self.tensors()
        logits.requires_grad_()
        function = getattr(import_module("symce_kernels.torch"), self.loss)
        loss = function(*((logits,) if target is None else (logits, target)), **options)
        loss.backward(cotangent)
        assert logits.grad is not None
        return loss.detach(), logits.grad


ON_MESH = {
    case.name: case
    for case in (
        *(OnMesh("cross_entropy", "index", (4,), k, r) for k in (11, 9) for r in ("mean", "none")),
        *(OnMesh("cross_entropy", "index", (2, 2), 11, r, ("ignore", "weight")) for r in ("mean", "sum", "none")),
        OnMesh("cross_entropy", "index", (2, 2), 11, "mean", ("ignore", "weight", "smoothing")),
        *(OnMesh("cross_entropy", "dense", (2, 2), 11, r, ("weight",)) for r in ("mean", "none")),
        OnMesh("cross_entropy", "dense", (4,), 9, "sum"),
        OnMesh("focal", "index", (2, 2), 9, "mean", ("alpha",)),
        OnMesh("distillation", "none", (2, 2), 9, "mean", ("t",)),
        OnMesh("softmax_entropy", "none", (4,), 9, "sum"),
    )
}


def meshes(rank: int) -> Iterator[tuple[str, Any]]:
    """Losses and gradients, whole."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

    made = {shape: init_device_mesh("cpu", shape) for shape in ((4,), (2, 2))}
    for name, case in ON_MESH.items():
        mesh = made[case.mesh]
        entries = [Shard(1)] if len(case.mesh) == 1 else [Shard(0), Shard(1)]
        of_rows = [Replicate()] if len(case.mesh) == 1 else [Shard(0), Replicate()]
        logits, target, options, cotangent = case.tensors()
        z = distribute_tensor(logits, mesh, entries).requires_grad_()
        y = None if target is None else distribute_tensor(target, mesh, of_rows if target.dim() == 1 else entries)
        if case.mesh == (4,) and case.form == "index":
            y = target  # whole at each process
        if "t" in options:
            options["t"] = distribute_tensor(options["t"], mesh, entries)
        function = getattr(import_module("symce_kernels.torch.parallel"), case.loss)
        loss = function(*((z,) if y is None else (z, y)), **options)
        assert isinstance(loss, DTensor)
        loss.backward(distribute_tensor(cotangent, mesh, of_rows if cotangent.dim() else [Replicate()] * mesh.ndim))
        assert z.grad is not None
        assert z.grad.placements == z.placements
        found = loss.detach().full_tensor(), z.grad.full_tensor()
        if rank == 0:
            yield name, found
    if rank == 3:
        yield from ((f"{name}/single", case.single()) for name, case in ON_MESH.items())

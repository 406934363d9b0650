"""A loss with all that PyTorch's transforms are tried on."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symce.verify.case import draw
from symce.verify.modules import Generated


@dataclass(frozen=True)
class Subject:
    """A loss to be transformed: of three samples of four classes, in float64, with random targets and cotangents."""

    kernel: Generated
    module: Any
    form: str

    @cached_property
    def arrays(self) -> tuple[Any, tuple[Any, ...], dict[str, Any], Any]:
        """Logits, the targets as a tuple, the options, and a direction."""
        import torch

        loss = self.kernel.loss
        rng = np.random.default_rng([zlib.crc32(loss.name.encode()), 11])
        case = draw(
            loss, rng, size=4, batch=(3,), dtype="float64", form=self.form, reduction="none",
            weight=self.kernel.accepts("weight"),
        )  # fmt: skip
        given = case.options(self.kernel)
        if given.get("weight") is not None:  # of what counts for nothing a mean may be 0 / 0
            given["weight"] = np.abs(np.asarray(given["weight"])) + 0.5
        shown = {
            n: torch.as_tensor(a) if isinstance(a, np.ndarray) else a for n, a in given.items() if n != "reduction"
        }
        target = () if case.target is None else (torch.as_tensor(case.target),)
        z, v = (torch.as_tensor(rng.normal(size=(3, 4))) for _ in range(2))
        return z, target, shown, v

    def loss(self, z: Any, *target: Any, reduction: str = "mean", **more: Any) -> Any:
        function = getattr(self.module, self.kernel.loss.name)
        return function(z, *target, **{**self.arrays[2], "reduction": reduction, **more})

    def total(self, z: Any, *target: Any) -> Any:
        return self.loss(z, *target, reduction="sum")

    def gradient(self, z: Any, *target: Any, reduction: str = "sum") -> Any:
        import torch

        z = z.detach().clone().requires_grad_()
        return torch.autograd.grad(self.loss(z, *target, reduction=reduction).sum(), z)[0]

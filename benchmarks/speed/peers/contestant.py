"""A contestant: one way to compute a loss and its gradient, and where it takes part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.speed.data import Data
from benchmarks.speed.shapes import Cell

#: one call: the loss (anything that float() takes, None where there is none) and its gradient (N, K), if any
Run = Callable[[], tuple[Any, Any]]
Build = Callable[[Data], Run]

SYMCE, PEER, LIMIT = "symce", "peer", "limit"
INDEX_LOSSES = ("cross_entropy", "weighted_smoothed", "focal")
ALL_LOSSES = (*INDEX_LOSSES, "soft_targets", "sigmoid_focal")

# What the goals speak of, by name.
NATIVE_KEPT, NATIVE, NATIVE_VALUE = "symce native, kept output", "symce native", "symce native, value alone"
NUMPY, PYTORCH = "symce NumPy", "symce PyTorch"
PLAIN, EAGER = "NumPy, plain closed form", "PyTorch eager"
EAGER_HUGE = "PyTorch eager, THP_MEM_ALLOC_ENABLE=1"
COMPILED, COMPILED_FORM = "torch.compile", "torch.compile of the closed form, kept output"
PRODUCTS, LINEAR = "three matrix products", "symce PyTorch, linear and loss"
LINEAR_EAGER, LINEAR_TORCH = "PyTorch eager, linear and loss", "F.linear_cross_entropy"


class Missing(Exception):
    """What it needs is not there; the message says what, and how to get it."""


@dataclass(frozen=True)
class Contestant:
    """``process``: the kind of process it runs in, so that thread pools and settings of libraries stay apart."""

    name: str
    kind: str
    process: str
    build: Build
    losses: tuple[str, ...] = ("cross_entropy",)
    dtypes: tuple[str, ...] = ("float32", "float64")
    sections: tuple[str, ...] = ("times", "memory")
    compiles: bool = False  # the first call at a shape compiles: memory is that of the second
    sums: bool = False  # its gradient is that of the sum of the losses, not of their mean
    environment: dict[str, str] = field(default_factory=dict)

    def takes(self, cell: Cell) -> bool:
        return cell.section in self.sections and cell.loss in self.losses and cell.dtype in self.dtypes

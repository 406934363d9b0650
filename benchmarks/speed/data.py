"""The inputs of a cell: the same numbers in every process, made without a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.shapes import Cell

PERIOD = 1_000_003  # a prime: repeated so, no two rows are alike, and 1e8 normal numbers take no seconds to draw
PROBED = 8


@dataclass(frozen=True)
class Data:
    """Arrays of a cell. bfloat16 is not a dtype of NumPy: there ``logits`` are float32 that bfloat16 can hold."""

    cell: Cell
    threads: int

    @property
    def numpy_dtype(self) -> np.dtype[np.floating]:
        return np.dtype("float32" if self.cell.dtype == "bfloat16" else self.cell.dtype)

    @cached_property
    def logits(self) -> NDArray[np.floating]:
        """(N, K), of N(0, 3)."""
        z = self._normal(self.cell.rows, self.cell.classes, 3.0)
        if self.cell.dtype == "bfloat16":
            z.view(np.uint32)[...] &= 0xFFFF0000
        return z

    @cached_property
    def target(self) -> NDArray[np.int64]:
        """Class indices, (N,)."""
        return np.random.default_rng(1).integers(0, self.cell.classes, self.cell.rows)

    @cached_property
    def distribution(self) -> NDArray[np.floating]:
        """Soft targets, (N, K), rows of sum 1."""
        y = np.exp(self._normal(self.cell.rows, self.cell.classes, 1.0))
        y /= y.sum(axis=1, keepdims=True)
        return y

    @cached_property
    def labels(self) -> NDArray[np.floating]:
        """Labels 0 and 1, (N, K), a hundredth of them 1 as among the anchors of a detector."""
        return (self._normal(self.cell.rows, self.cell.classes, 1.0) > 2.33).astype(self.numpy_dtype)

    @cached_property
    def weight(self) -> NDArray[np.floating]:
        """One a class, (K,)."""
        return np.random.default_rng(2).uniform(0.5, 2.0, self.cell.classes).astype(self.numpy_dtype)

    @cached_property
    def x(self) -> NDArray[np.floating]:
        """What the linear layer is applied to, (N, D)."""
        return self._normal(self.cell.rows, self.cell.features, 1.0)

    @cached_property
    def W(self) -> NDArray[np.floating]:
        """The linear layer, (K, D), so that logits are of N(0, 1)."""
        return self._normal(self.cell.classes, self.cell.features, self.cell.features**-0.5)

    @property
    def probed(self) -> list[tuple[int, int]]:
        """Where gradients are compared: in each of a few rows the true class and classes far apart."""
        rows = np.unique(np.linspace(0, self.cell.rows - 1, PROBED, dtype=int))
        width = self.cell.features or self.cell.classes
        apart = np.unique(np.linspace(0, width - 1, PROBED, dtype=int))
        return [(int(r), int(c)) for r in rows for c in (self.target[r] % width, *apart)]

    def _normal(self, rows: int, columns: int, scale: float) -> NDArray[np.floating]:
        base = np.random.default_rng(0).standard_normal(PERIOD, dtype=np.float32) * np.float32(scale)
        return np.resize(base.astype(self.numpy_dtype), (rows, columns))

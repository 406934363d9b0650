"""Who takes part. Libraries are imported by the functions that need them: listing the contestants imports none."""

from __future__ import annotations

from benchmarks.speed.peers import copying, jax_optax, linear, numba_rows, numpy_plain, pytorch, scikit_learn, symce
from benchmarks.speed.peers.contestant import Contestant, Missing

__all__ = ["CONTESTANTS", "Contestant", "Missing"]

CONTESTANTS: tuple[Contestant, ...] = (
    *symce.CONTESTANTS,
    *pytorch.CONTESTANTS,
    *jax_optax.CONTESTANTS,
    *scikit_learn.CONTESTANTS,
    *numba_rows.CONTESTANTS,
    *numpy_plain.CONTESTANTS,
    *copying.CONTESTANTS,
    *linear.CONTESTANTS,
)

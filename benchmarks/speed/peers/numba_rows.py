"""The usual loop over rows, compiled by numba, rows shared between threads."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.speed.data import Data
from benchmarks.speed.peers.contestant import PEER, Contestant, Missing, Run


def build(data: Data) -> Run:
    try:
        import numba
    except ImportError as error:
        raise Missing("numba is not installed: pip install 'symce[bench]'") from error
    numba.set_num_threads(data.threads)

    @numba.njit(parallel=True)
    def rows(z, c, losses, gradient):
        N, K = z.shape
        for i in numba.prange(N):
            top = z[i, 0]
            for k in range(1, K):
                top = max(top, z[i, k])
            mass = z.dtype.type(0)
            for k in range(K):
                e = np.exp(z[i, k] - top)
                gradient[i, k] = e
                mass += e
            losses[i] = math.log(mass) + top - z[i, c[i]]
            factor = 1 / (mass * N)
            for k in range(K):
                gradient[i, k] *= factor
            gradient[i, c[i]] -= z.dtype.type(1) / N

    z, c = data.logits, data.target
    losses, gradient = np.zeros(len(z), z.dtype), np.zeros_like(z)

    def run():
        rows(z, c, losses, gradient)
        return losses.mean(), gradient

    return run


CONTESTANTS = (Contestant("numba, kept output", PEER, "numba", build, compiles=True),)

"""The loss of scikit-learn's linear models and boosted trees, in C, into kept outputs."""

from __future__ import annotations

import numpy as np

from benchmarks.speed.data import Data
from benchmarks.speed.peers.contestant import PEER, Contestant, Missing, Run


def build(data: Data) -> Run:
    try:
        from sklearn._loss.loss import HalfMultinomialLoss
    except ImportError as error:
        raise Missing("scikit-learn is not installed: pip install 'symce[bench]'") from error
    z, c = data.logits, data.target.astype(data.numpy_dtype)
    loss = HalfMultinomialLoss(n_classes=data.cell.classes)
    losses, gradient = np.zeros(len(z), z.dtype), np.zeros_like(z)

    def run():
        loss.loss_gradient(c, z, None, losses, gradient, data.threads)
        return losses.mean(), gradient

    return run


CONTESTANTS = (
    Contestant(
        "scikit-learn, kept output",
        PEER,
        "scikit-learn",
        build,
        sections=("times", "overhead", "memory"),
        sums=True,
    ),
)

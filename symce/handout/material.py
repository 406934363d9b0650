"""What a handout is written from: derivations, theorems, figures, kernels and listings, each made once when needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from symce import figures, listings
from symce.derivation.derive import Derivation, derive
from symce.derivation.proof import Proof
from symce.figures.figure import Figure
from symce.kernel.build import kernel
from symce.kernel.kernel import Kernel
from symce.listings import Run
from symce.losses import catalogue
from symce.theorems import chapters


@dataclass
class Material:
    """``progress`` is told what is being made, before it is."""

    progress: Callable[[str], None] = lambda _: None
    _derivations: dict[str, Derivation] = field(default_factory=dict)
    _kernels: dict[str, Kernel] = field(default_factory=dict)

    def derivation(self, loss: str) -> Derivation:
        """The derivation of a loss of the catalogue."""
        if loss not in self._derivations:
            self.progress(f"deriving {loss}")
            self._derivations[loss] = derive(catalogue()[loss])
        return self._derivations[loss]

    def kernel(self, loss: str) -> Kernel:
        if loss not in self._kernels:
            self._kernels[loss] = kernel(self.derivation(loss))
        return self._kernels[loss]

    @cached_property
    def theorems(self) -> dict[str, Proof]:
        """Every theorem that belongs to no loss, by its name."""
        self.progress("proving theorems")
        return {proof.name: proof for chapter in chapters().values() for proof in chapter}

    @cached_property
    def figures(self) -> dict[str, Figure]:
        return dict(figures.catalogue())

    @cached_property
    def runs(self) -> dict[str, Run]:
        """Every listing of the chapter with what it prints. Raises ListingError where one fails."""
        self.progress("running the listings")
        return dict(listings.run(listings.catalogue()))

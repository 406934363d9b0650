"""Everything that symce derives of one loss, in the order in which a reader meets it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from symce.derivation.budget import SECONDS, within
from symce.derivation.expected import check_expected
from symce.derivation.gradient import Derivative, gradient
from symce.derivation.linear import linear_layer
from symce.derivation.model import Model, model
from symce.derivation.proof import Proof
from symce.derivation.second import hessian, hessian_vector_product
from symce.losses.loss import Loss


@dataclass(frozen=True)
class Section:
    """Proofs that belong together, under a heading."""

    name: str
    title: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class Derivation:
    """A loss with its derivatives.

    ``hvp`` is None where the gradient does not depend on the logits: then the Hessian is 0.
    """

    loss: Loss
    model: Model
    gradient: Derivative
    hvp: Derivative | None
    linear: tuple[Proof, ...]

    @cached_property
    def hessian(self) -> Derivative | None:
        """The Hessian, derived when it is first asked for: documents show it, kernels have no use for it."""
        return None if self.hvp is None else hessian(self.model, self.gradient)

    @property
    def second(self) -> tuple[Derivative, Derivative] | None:
        """Hessian and Hessian-vector product; None where they are 0."""
        return None if self.hvp is None or self.hessian is None else (self.hessian, self.hvp)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The proofs under their headings, each after those that it cites."""
        sections = [
            Section("gradient", "The gradient with respect to the logits", self.gradient.proofs),
            Section("linear-layer", "The linear layer and the batch", self.linear),
        ]
        if self.second:
            sections += [
                Section("hessian", "The Hessian", self.second[0].proofs),
                Section("hvp", "The Hessian-vector product", self.second[1].proofs),
            ]
        return tuple(sections)

    @property
    def proofs(self) -> tuple[Proof, ...]:
        return tuple(p for s in self.sections for p in s.proofs)

    def _repr_latex_(self) -> str:
        from symce.derivation.notebook import derivation_latex

        return derivation_latex(self)

    def _repr_markdown_(self) -> str:
        from symce.derivation.notebook import derivation_markdown

        return derivation_markdown(self)


def derive(loss: Loss, *, seconds: float = SECONDS) -> Derivation:
    """Derive the gradient, the Hessian-vector product and the linear layer's gradients of a loss.

    Raises DerivationError where the loss does not depend on the logits, no rule applies, the gradient is not the one
    that the loss expects, or it takes longer than ``seconds``.
    """
    with within(seconds):
        return _derive(loss)


def _derive(loss: Loss) -> Derivation:
    letters = model(loss)
    first = gradient(letters)
    check_expected(letters, first.final)
    return Derivation(loss, letters, first, hessian_vector_product(letters, first), linear_layer(letters, first))

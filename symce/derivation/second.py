"""Second order: the Hessian, and its product with a vector, each by the machine that derives the gradient.

The Hessian-vector product is the gradient of the scalar sum_j g_j v_j, with g the gradient's closed form: O(K), never
a K x K matrix (Pearlmutter 1994).
"""

from __future__ import annotations

from dataclasses import replace

from sympy import IndexedBase, Symbol

from symce.algebra.binders import FiniteSum
from symce.algebra.indices import ClassIndex, j
from symce.algebra.nodes import Named, Total
from symce.derivation.gradient import Derivative, differentiate, under_facts
from symce.derivation.model import Model, z
from symce.derivation.proof import Proof

v = IndexedBase("v", real=True)
l = ClassIndex("l")  # noqa: E741


def hessian_vector_product(model: Model, gradient: Derivative) -> Derivative | None:
    """(H v)_l for the loss of a model, from the general closed form of its gradient; None where it is 0 everywhere."""
    slope = FiniteSum(gradient.general.closed_form * v[j], j)
    return _derive(model, "hvp", Named(Symbol("phi"), slope))


def hessian(model: Model, gradient: Derivative) -> Derivative | None:
    """d^2 L / dz_j dz_l for the loss of a model, from the shortest closed form of its gradient; None where it is 0."""
    final = gradient.final
    return _derive(model, "hessian", Named(Total(model.named, z[j]), final.closed_form), final.assumptions)


def _derive(model: Model, name: str, function: Named, assumptions: tuple[str, ...] = ()) -> Derivative | None:
    derivative = differentiate(model, name, function, l)
    if derivative.general.result == 0:
        return None
    derivative = Derivative(
        tuple(_assuming(p, assumptions) for p in derivative.lemmas), _assuming(derivative.general, assumptions)
    )
    return Derivative(derivative.lemmas, derivative.general, under_facts(model, derivative, f"{name}-corollary"))


def _assuming(proof: Proof, names: tuple[str, ...]) -> Proof:
    """The proof with what holds for the closed form that it starts from."""
    return replace(proof, assumptions=tuple(dict.fromkeys((*proof.assumptions, *names))))

"""Second order: the Hessian, and its product with a vector, each by the machine that derives the gradient.

The Hessian-vector product is the gradient of the scalar sum_j g_j v_j, with g the gradient's closed form: O(K), never
a K x K matrix (Pearlmutter 1994).
"""

from __future__ import annotations

from sympy import IndexedBase, Symbol

from symce.algebra.binders import FiniteSum
from symce.algebra.indices import ClassIndex, j
from symce.algebra.nodes import Named, Total
from symce.derivation.gradient import Derivative, differentiate, under_facts
from symce.derivation.model import Model, z

v = IndexedBase("v", real=True)
l = ClassIndex("l")  # noqa: E741


def hessian_vector_product(model: Model, gradient: Derivative) -> Derivative:
    """(H v)_l for the loss of a model, from the general closed form of its gradient."""
    slope = FiniteSum(gradient.general.closed_form * v[j], j)
    return _derive(model, "hvp", Named(Symbol("phi"), slope))


def hessian(model: Model, gradient: Derivative) -> Derivative:
    """d^2 L / dz_j dz_l for the loss of a model, from the shortest closed form of its gradient."""
    final = gradient.final
    return _derive(model, "hessian", Named(Total(model.named, z[j]), final.closed_form))


def _derive(model: Model, name: str, function: Named) -> Derivative:
    derivative = differentiate(model, name, function, l)
    return Derivative(derivative.lemmas, derivative.general, under_facts(model, derivative, f"{name}-corollary"))

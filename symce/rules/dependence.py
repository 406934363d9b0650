"""What a function depends on: the question that every rule of differentiation asks first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Basic, Expr, Indexed

from symce.algebra.binders import Binder
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.nodes import Named


def entries(expr: Basic, vector: Basic, *, through: bool = False) -> list[Expr]:
    """The entries of ``vector`` that the expression is written in, sorted.

    Entries below softmax(vector) or sigma(vector), quantities of their own, are passed over unless ``through``.
    """
    found: set[Expr] = set()

    def visit(node: Basic) -> None:
        if isinstance(node, Indexed) and node.base == vector:
            found.add(node)
            return
        if not through and (_is_softmax(node, vector) or _is_sigmoid(node, vector)):
            return
        if isinstance(node, Softmax) and through and node.args[0] == vector:
            found.add(vector[node.args[1]])
        for arg in meaning(node):
            visit(arg)

    visit(expr)
    return sorted(found, key=lambda e: e.sort_key())


def softmaxes(expr: Basic, vector: Basic) -> list[Softmax]:
    """The entries of softmax(vector) in the expression, sorted; bound indices by their canonical names."""
    return _all(expr, lambda node: _is_softmax(node, vector))


def sigmoids(expr: Basic, vector: Basic) -> list[Sigmoid]:
    """The sigma(vector_k) in the expression, sorted."""
    return _all(expr, lambda node: _is_sigmoid(node, vector))


def meaning(node: Basic) -> tuple[Basic, ...]:
    """The arguments of a node that its value depends on: of a name the definition, not the label."""
    return (node.definition,) if isinstance(node, Named) else node.args


def _all(expr: Basic, wanted: Callable[[Basic], bool]) -> list[Any]:
    found: set[Basic] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        if wanted(node):
            found.add(node)
        stack.extend(meaning(node))
    return sorted(found, key=lambda e: e.sort_key())


def depends(expr: Expr, variable: Expr) -> bool:
    """Whether the partial derivative of ``expr`` with respect to ``variable`` can be other than 0."""
    if isinstance(variable, Softmax):
        return bool(softmaxes(expr, variable.args[0]))
    if isinstance(variable, Sigmoid):
        return bool(sigmoids(expr, variable.args[0].base))
    return bool(entries(expr, variable.base))


def varies(expr: Expr, index: Basic) -> bool:
    """Whether ``index`` is free in the expression."""
    return index in expr.free_symbols


def _is_softmax(node: Basic, vector: Basic) -> bool:
    return isinstance(node, Softmax) and node.args[0] == vector


def _is_sigmoid(node: Basic, vector: Basic) -> bool:
    return isinstance(node, Sigmoid) and isinstance(node.args[0], Indexed) and node.args[0].base == vector


def has_binder(expr: Expr) -> bool:
    """Whether the expression holds a sum or a log-sum-exp."""
    return bool(expr.atoms(Binder))

"""How long an expression is to read and to compute."""

from __future__ import annotations

from functools import lru_cache

from sympy import Add, Basic, Expr, Indexed, KroneckerDelta, Mul, Pow, S

from symce.algebra.binders import Binder
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.nodes import Named


@lru_cache(maxsize=50_000)
def cost(expr: Expr) -> int:
    """The number of operations, brackets and letters (p_k, s_k, y_k are one letter each); a sum that occurs several
    times counts once, and a name counts as what it is to the reader: little. Minus between terms is as good as plus; a
    minus sign in front of everything is one operation."""
    seen: set[Basic] = set()

    def visit(node: Basic) -> int:
        if isinstance(node, Named):
            return 2
        if isinstance(node, Binder):
            if node in seen:
                return 1
            seen.add(node)
        if node.is_Number:
            return 1 + _negative(node)
        if not node.args or isinstance(node, Indexed | Softmax | KroneckerDelta):
            return 1
        if isinstance(node, Sigmoid) and isinstance(node.args[0], Indexed):
            return 1
        if isinstance(node, Pow) and node.exp is S.NegativeOne:
            return visit(node.base) + 1
        if isinstance(node, Add):
            signs = sum(_negative(t) for t in node.args)
            return len(node.args) - 1 + sum(visit(t) for t in node.args) - signs + (signs == len(node.args))
        if isinstance(node, Mul):
            number, factors = (node.args[0], node.args[1:]) if node.args[0].is_Number else (S.One, node.args)
            brackets = sum(isinstance(f, Add) for f in factors)
            multiplied = len(factors) - int(abs(number) == 1)
            return multiplied + brackets + int(abs(number) != 1) + sum(visit(f) for f in factors) + _negative(node)
        return 1 + sum(visit(a) for a in node.args)

    return visit(expr)


def _negative(term: Expr) -> bool:
    number = term.args[0] if isinstance(term, Mul) else term
    return bool(number.is_Number and number.is_negative)

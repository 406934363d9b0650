"""Rewriting below binders without capture.

A function given to these walkers sees a sum's body under a fresh index, never under the canonical bound one, so
whatever it builds there can be closed again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from sympy import Basic, Expr

from symce.algebra.binders import Binder
from symce.algebra.nodes import Named

Rewriter = Callable[[Expr], Expr | None]


Heads = frozenset[type]
Memo = dict[Expr, Expr]
EVERYTHING: Heads = frozenset()


@lru_cache(maxsize=200_000)
def kinds(expr: Basic) -> Heads:
    """The types of all nodes of an expression: what tells, without a walk, that a rule cannot apply anywhere in it.

    What stands below a name does not count: no rule looks there.
    """
    if isinstance(expr, Named):
        return frozenset({Named})
    return frozenset({type(expr)}).union(*(kinds(a) for a in expr.args))


def may_hold(expr: Basic, heads: Heads) -> bool:
    """Whether the expression can hold a node of one of the types (of any type, where there are none)."""
    return not heads or not heads.isdisjoint(kinds(expr))


def bottom_up(expr: Expr, rewrite: Rewriter, heads: Heads = EVERYTHING, memo: Memo | None = None) -> Expr:
    """Apply ``rewrite`` (None: does not apply) to every node once, the innermost first.

    ``heads``: the only types of node that it can apply to; what holds none of them is passed over.
    ``memo``: what became of expressions met before, by the same ``rewrite``.
    """
    if not may_hold(expr, heads):
        return expr
    if memo is not None and expr in memo:
        return memo[expr]
    new = _rebuild(expr, lambda e: bottom_up(e, rewrite, heads, memo))
    result = rewrite(new)
    result = new if result is None else result
    if memo is not None:
        memo[expr] = result
    return result


def top_down(expr: Expr, rewrite: Rewriter, heads: Heads = EVERYTHING, memo: Memo | None = None) -> Expr:
    """Apply ``rewrite`` to the outermost nodes that it applies to; what it returns is not entered again."""
    if not may_hold(expr, heads):
        return expr
    if memo is not None and expr in memo:
        return memo[expr]
    result = rewrite(expr)
    result = _rebuild(expr, lambda e: top_down(e, rewrite, heads, memo)) if result is None else result
    if memo is not None:
        memo[expr] = result
    return result


def _rebuild(expr: Expr, visit: Callable[[Expr], Expr]) -> Expr:
    if isinstance(expr, Named):
        return expr  # a name is opaque until the rule "definition" unfolds it
    if isinstance(expr, Binder):
        index, body = expr.open()
        new = visit(body)
        return expr if new is body else type(expr)(new, index)
    if not expr.args:
        return expr
    args = [visit(a) if isinstance(a, Expr) else _rebuild_basic(a, visit) for a in expr.args]
    return expr if all(a is b for a, b in zip(args, expr.args, strict=True)) else expr.func(*args)


def _rebuild_basic(arg: Basic, visit: Callable[[Expr], Expr]) -> Basic:
    # conditions and IndexedBases are Basic, not Expr; only conditions hold expressions
    if not arg.args or not any(isinstance(a, Expr) for a in arg.args):
        return arg
    args = [visit(a) if isinstance(a, Expr) else a for a in arg.args]
    return arg.func(*args)


def unfold(expr: Expr) -> Expr:
    """The expression without names: every Named replaced by its definition."""
    return bottom_up(expr, lambda e: unfold(e.definition) if isinstance(e, Named) else None)

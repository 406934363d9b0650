"""Which rules make an expression shortest: every plan is tried, the cheapest result's steps are recorded.

A plan is a short tuple of rules. That the plans are few and fixed keeps a derivation fast and its route readable: no
search tree, and no simplify.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr

from symce.derivation.budget import check_time
from symce.derivation.phases import COLLECT, COMBINE, EXPAND, FACTOR, FACTS, LOWEST, NAMES, SIGN, SUBSTITUTE, WRITE_OUT
from symce.derivation.proof import Builder
from symce.rules.cost import cost
from symce.rules.rule import Rule

Plan = tuple[Rule, ...]

_SUMS: tuple[Plan, ...] = ((), FACTS, (*WRITE_OUT, *FACTS))
_FORMS: tuple[Plan, ...] = (
    (),
    (FACTOR,),
    (COMBINE, FACTOR),
    (COMBINE, COLLECT),
    (COLLECT,),
    (EXPAND,),
    (EXPAND, FACTOR),
    (EXPAND, COLLECT),
    (EXPAND, COLLECT, FACTOR),
    (EXPAND, SUBSTITUTE),
    (EXPAND, SUBSTITUTE, COLLECT),
    (LOWEST,),
    (EXPAND, LOWEST),
)


def tidy(builder: Builder, facts: Sequence[Rule] = ()) -> None:
    """Bring the builder's current expression to its shortest form and record the steps.

    ``facts`` are assumptions that may be used besides what is always true.
    """
    start = builder.current
    best: tuple[int, int] = (cost(start), 0)
    route: list[tuple[Rule, Expr]] = []
    seen: set[Expr] = set()
    for sums in _SUMS:
        middle = _follow(start, (*sums, *facts, *NAMES), repeat=True)
        written = middle[-1][1] if middle else start
        if written in seen:
            continue  # the same sums by a longer way
        seen.add(written)
        for form in _FORMS:
            check_time(builder.name)
            steps = middle + _follow(written, form)
            steps += _follow(steps[-1][1] if steps else start, (SIGN,))
            if not steps:
                continue
            rank = (cost(steps[-1][1]), len(steps))
            if rank < best:
                best, route = rank, steps
    for rule, expr in route:
        builder.record(rule, expr)


def _follow(expr: Expr, plan: Plan, *, repeat: bool = False) -> list[tuple[Rule, Expr]]:
    steps: list[tuple[Rule, Expr]] = []
    again = True
    while again:
        again = False
        for rule in plan:
            new = rule.exhaust(expr)
            if new is not None:
                steps.append((rule, new))
                expr, again = new, repeat
    return steps

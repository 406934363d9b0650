"""Nodes that bind an index: finite sums, finite products and log-sum-exp.

SymPy's own ``Sum`` captures (``Sum(z[k]*z[i], (k,1,n)).subs(i, k)`` gives ``Sum(z[k]**2)``), differentiates wrongly
when the bound index is reused (sympy#21891), and holds two sums that differ in the name of the index for different.
Here the bound index has a canonical name, computed from how deep the body's own binders go. So

- sums equal up to renaming are the *same* SymPy object, and Add and Mul combine them;
- nobody else can hold a bound index, so nothing can be captured: ``open`` gives the body under a fresh index,
  and building the node again closes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sympy import Basic, Expr, S, Symbol, exp
from sympy.core.sympify import _sympify

from symce.algebra.indices import Index


class Binder(Expr):
    """``body`` with ``index`` bound in it. ``args`` are the body under the canonical index, and that index."""

    is_commutative = True

    def __new__(cls, body: Any, index: Index) -> Expr:
        if not isinstance(index, Index):
            raise TypeError(f"{cls.__name__} binds an index of classes, samples or features, not {index!r}")
        expr = _sympify(body)
        if not isinstance(expr, Expr):
            raise TypeError(f"the body of {cls.__name__} must be a SymPy expression, not {body!r}")
        canonical = type(index)(f"%{1 + height(expr)}")
        if index != canonical:
            expr = expr.xreplace({index: canonical})
        short = cls.shortcut(expr, canonical)
        return short if short is not None else Expr.__new__(cls, expr, canonical)

    @classmethod
    def shortcut(cls, body: Expr, index: Index) -> Expr | None:
        """A simpler expression equal to the node, or None."""
        return None

    @property
    def bound(self) -> Index:
        index: Index = self.args[1]
        return index

    @property
    def free_symbols(self) -> set[Basic]:
        return _without(self.args[0].free_symbols, self.bound)

    def open(self, avoid: Iterable[Basic] = ()) -> tuple[Index, Expr]:
        """A fresh index (not free in the body, not among ``avoid``) and the body under it."""
        index = type(self.bound).fresh({*self.args[0].free_symbols, *avoid})
        return index, _opened(self, index)

    def at(self, index: Expr) -> Expr:
        """The body with ``index`` put for the bound index."""
        return _opened(self, index)

    def _eval_subs(self, old: Basic, new: Basic) -> Basic | None:
        # SymPy's subs walks args; the canonical index must stay what it is.
        if old == self.bound:
            return self
        index, body = self.open([*getattr(old, "free_symbols", ()), *getattr(new, "free_symbols", ())])
        return type(self)(body.subs(old, new), index)

    def _sympystr(self, printer: Any) -> str:
        index, body = self.open()
        return f"{type(self).__name__}({printer._print(body)}, {index})"


class FiniteSum(Binder):
    """The sum of ``body`` over the whole range of ``index``."""

    @classmethod
    def shortcut(cls, body: Expr, index: Index) -> Expr | None:
        return S.Zero if body is S.Zero else None

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real  # type: ignore[no-any-return]

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_positive else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.args[0].is_nonnegative else None

    def _eval_derivative(self, symbol: Any) -> Expr:
        index, body = self.open(guard(symbol).free_symbols)
        return FiniteSum(body.diff(symbol), index)


class FiniteProduct(Binder):
    """The product of ``body`` over the whole range of ``index``."""

    @classmethod
    def shortcut(cls, body: Expr, index: Index) -> Expr | None:
        return S.One if body is S.One else None

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real  # type: ignore[no-any-return]

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_positive else None


class LogSumExp(Binder):
    """log of the sum of exp(body) over the whole range of ``index``."""

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real  # type: ignore[no-any-return]

    def _eval_derivative(self, symbol: Any) -> Expr:
        index, body = self.open(guard(symbol).free_symbols)
        return FiniteSum(exp(body - self) * body.diff(symbol), index)


@lru_cache(maxsize=50_000)
def _opened(binder: Binder, index: Expr) -> Expr:
    return binder.args[0].xreplace({binder.bound: index})


def height(expr: Basic) -> int:
    """How deep binders are nested in an expression."""
    heights = [int(str(node.bound.name)[1:]) for node in expr.atoms(Binder)]
    return max(heights, default=0)


def guard(symbol: Any) -> Any:
    """The variable of a derivative, refused where its index is a bound one (sympy#21891).

    Raises ValueError.
    """
    bad = sorted(str(i) for i in symbol.free_symbols if isinstance(i, Index) and i.is_bound)
    if bad:
        raise ValueError(
            f"cannot differentiate with respect to {symbol}: its index is bound by a sum; open the sum first"
        )
    return symbol


def _without(symbols: set[Basic], bound: Index) -> set[Basic]:
    # free_symbols of z[k] holds z, k *and* z[k] itself
    return {s for s in symbols if s != bound and not (not isinstance(s, Symbol) and s.has(bound))}

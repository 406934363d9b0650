"""What a derivation shows but SymPy would evaluate at once: derivatives not yet taken, products not yet multiplied out,
subexpressions under a name. Each has a definite value, so that every displayed line can be checked on its own.
"""

from __future__ import annotations

from sympy import Basic, Expr, Indexed
from sympy.core.sympify import _sympify

from symce.algebra.binders import Binder
from symce.algebra.functions import Sigmoid, Softmax


class _Derivative(Expr):
    is_commutative = True

    def __new__(cls, function: Expr, variable: Expr) -> Expr:
        if not isinstance(variable, Indexed | Softmax | Sigmoid):
            raise TypeError(
                f"{variable} is not an entry of a vector: differentiate with respect to z[j], p[k], s[k], ..."
            )
        function = _sympify(function)
        # below a sum the variable's index may be a bound one, but never one that the function itself binds
        taken = sorted(str(b.bound) for b in function.atoms(Binder) if b.bound in variable.free_symbols)
        if taken:
            raise ValueError(f"cannot differentiate with respect to {variable}: {taken[0]} is bound in the function")
        return Expr.__new__(cls, function, variable)

    @property
    def function(self) -> Expr:
        return self.args[0]

    @property
    def variable(self) -> Expr:
        return self.args[1]


class Total(_Derivative):
    """The derivative of ``function`` with respect to an entry of the logits (or of W, b, x), through everything
    that depends on it."""


class Partial(_Derivative):
    """The partial derivative of ``function`` with respect to one of the quantities it is written in.

    The variable is an entry of p = softmax(z), of s = sigma(z), or of a vector; all the other quantities that the
    function is written in (the other entries, and p and s where the variable is z_j) are held fixed.
    """


class Product(Expr):
    """outer * inner, shown as it stands: the product of a chain rule before anything cancels."""

    is_commutative = True

    def __new__(cls, outer: Expr, inner: Expr) -> Expr:
        return Expr.__new__(cls, _sympify(outer), _sympify(inner))

    @property
    def outer(self) -> Expr:
        return self.args[0]

    @property
    def inner(self) -> Expr:
        return self.args[1]


class Named(Expr):
    """``definition`` under a name, a symbol or an entry of a vector: equal to the one, printed as the other."""

    is_commutative = True

    def __new__(cls, label: Expr, definition: Expr) -> Expr:
        return Expr.__new__(cls, label, _sympify(definition))

    @property
    def label(self) -> Expr:
        return self.args[0]

    @property
    def definition(self) -> Expr:
        return self.args[1]

    def _eval_is_extended_real(self) -> bool | None:
        return self.definition.is_extended_real  # type: ignore[no-any-return]

    def _eval_derivative(self, symbol: Basic) -> Expr:
        return self.definition.diff(symbol)

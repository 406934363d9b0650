"""From closed forms to a RowProgram: every sum a reduction, every softmax a shifted one, no K x K array.

What a closed form is written in (p_k, log p_k, 1 - p_k, s_k, ...) has a stable way to be computed: the rules of
symce.kernel.stability rewrite each node, from the outermost inwards, and stable.py has the passes for what they write.
This module walks the expression and gives every sum a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Pow,
    Rational,
    Symbol,
    exp,
    log,
    sign,
    tanh,
)

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, K, c
from symce.algebra.nodes import Named
from symce.algebra.piecewise import Where
from symce.kernel import ir
from symce.kernel.apart import needs_it, true_class_apart
from symce.kernel.forms import (
    Centred,
    Complement,
    Difference,
    Divergence,
    Excess,
    Expm1,
    LogProbability,
    Probability,
    Rate,
    Residual,
    SechSquared,
    Share,
    SoftmaxDivergence,
)
from symce.kernel.patterns import (
    delta_of,
    reading_order,
    scaled_vector,
    separated,
    sum_name,
)
from symce.kernel.products import Products
from symce.kernel.scope import LoweringError
from symce.kernel.stability import (
    CENTRED,
    LOGSUMEXP_BY_GAP,
    STABILITY,
    TRUE_CLASS_APART,
)
from symce.kernel.stable import (
    ONE,
    UNIT,
    ZERO,
    Scale,
    div,
    divergence,
    in_order,
    mul,
    neg,
    product,
    sech_squared,
    sub,
    summed,
    total,
    where,
)
from symce.rules.dependence import entries

_FUNCTIONS: Mapping[type, str] = {
    exp: "exp",
    Expm1: "expm1",
    tanh: "tanh",
    Abs: "abs",
    sign: "sign",
    Softplus: "softplus",
}


class Lowering(Products):
    """One program while it is written."""

    def lower(self, expr: Expr, row: ClassIndex | None) -> ir.Node:
        """The expression as a node: a row where it varies with ``row``, else a number per row or a scalar."""
        # the true class is taken apart first, but for means, which hold all classes
        rules = (CENTRED,) if isinstance(expr, Add) and delta_of(expr) is not None else STABILITY
        for rule in rules:
            new = rule.rewrite(expr) if isinstance(expr, rule.heads) else None
            if new is not None:
                self._used.add(rule.name)
                return self.lower(new, row)
        match expr:
            case Rational():
                return ir.Const(Fraction(int(expr.p), int(expr.q)))
            case _ if expr == K:
                return ir.Size()
            case Symbol():
                if expr not in self.scalars:
                    raise LoweringError(f"no input holds {expr}")
                return self.scalars[expr]
            case Named():
                return self.lower(expr.definition, row)
            case Indexed():
                return self.entry(expr.base, expr.indices[0], row)
            case Rate():
                return self.forms(expr.args[0]).rate
            case Share() | Softmax() | Probability() | LogProbability() | Complement():
                return self.form(expr, row)
            case Centred() | Residual() | Difference():
                return self.apart(expr, row)
            case Excess():
                index, body = expr.args[0].open()
                return ir.Reduce("excess", self.lower(body, index))
            case Divergence():
                return self.divergence(expr, row)
            case SoftmaxDivergence():
                return self.softmax_divergence(expr)
            case SechSquared():
                return self.sech_squared(expr.args[0], row)
            case Sigmoid():
                return ir.Map("sigmoid", (self.lower(expr.args[0], row),))
            case KroneckerDelta():
                return where(self.hot_for(expr, row), ONE, ZERO)
            case FiniteSum() | LogSumExp():
                return self.reduction(expr)
            case log():
                return self.log(expr.args[0], row)
            case Add():
                return self.add(expr, row)
            case Mul():
                return self.mul(expr, row)
            case Pow():
                return self.power(expr.base, expr.exp, row)
            case Where():
                return where(
                    self.condition(expr.condition, row), self.lower(expr.then, row), self.lower(expr.otherwise, row)
                )
        if type(expr) in _FUNCTIONS:
            return ir.Map(_FUNCTIONS[type(expr)], (self.lower(expr.args[0], row),))
        raise LoweringError(f"no kernel computes {type(expr).__name__}: {expr}")

    def derivative(self, expr: Expr, row: ClassIndex) -> ir.Node:
        """A derivative, one value a class: with the true class apart where a power of 1 - p_c may be negative.

        Raises LoweringError where such a power is left: the kernel would give NaN where the mathematics does not.
        """
        self._derivative = True
        try:
            if not needs_it(expr):
                return self.lower(expr, row)
            self._used.add(TRUE_CLASS_APART.name)
            apart = true_class_apart(expr, row)
            if apart is None:
                raise LoweringError(
                    f"a power of 1 - p[c] is left that may be negative, and is infinite where p[c] is 1: {expr}"
                )
            return where(self.hot, self.lower(apart.at_c, None), self.lower(apart.elsewhere, row))
        finally:
            self._derivative = False

    def form(self, expr: Expr, row: ClassIndex | None) -> ir.Node:
        """p_k, log p_k, 1 - p_k or a share, at the true class or in the row."""
        forms, true = self.forms(expr.args[0]), expr.args[1] == c
        if not true:
            self.on_row(expr.args[1], row)
        match expr:
            case Share():
                return ZERO if true else forms.share
            case LogProbability():
                return forms.log_p_c if true else forms.log_p
            case Complement():
                return forms.q_c if true else forms.q
        return forms.p_c if true else forms.p

    def apart(self, expr: Centred | Residual | Difference, row: ClassIndex | None) -> ir.Node:
        """A difference that cancels at one class alone, which is computed apart."""
        vector, index, function = expr.args
        forms, true = self.forms(vector), index == c
        if not true:
            self.on_row(index, row)
        if isinstance(expr, Difference) and isinstance(function, Probability):
            other = self.forms(function.args[0])
            return forms.difference(other.p, other.q, true)
        if isinstance(expr, Difference):
            return forms.difference(self.lower(function, None if true else index), None, true)
        bound, body = function.open([c])
        values = self.lower(body, bound)
        if isinstance(expr, Residual):
            return forms.residual(values, true)
        node, mean = forms.centred(values, true)
        self._sums.setdefault(FiniteSum(Softmax(vector, bound) * body, bound), mean)
        return node

    def divergence(self, expr: Divergence, row: ClassIndex | None) -> ir.Node:
        """Of a softmax and a target: their difference, of which it is the square, is taken before p is rounded."""
        f, g, difference = (self.lower(a, row) for a in expr.args)
        p_is_first = isinstance(expr.args[0], Softmax)
        forms = self.forms(expr.args[0 if p_is_first else 1].args[0])
        less = neg(forms.less(g)) if p_is_first else forms.less(f)
        return ir.Map("divergence", (f, g, difference, less))

    def sech_squared(self, x: Expr, row: ClassIndex | None) -> ir.Node:
        """1 - tanh(x)^2 from exp(-2 |x|); of a scaled logit the rounding of the scale is made up for."""
        scaled = None if row is None else scaled_vector(x, row)
        if scaled is None:
            size = ir.Map("abs", (self.lower(x, row),))
            return sech_squared(self.let, ir.Map("exp", (mul(ir.Const(Fraction(-2)), size),)))
        base, by, divides = scaled
        size = ir.Map("abs", (self.vector(base),))
        if by == 1:
            return sech_squared(self.let, ir.Map("exp", (mul(ir.Const(Fraction(-2)), size),)))
        return sech_squared(self.let, div(Scale(self.lower(by, None), divides).exp(neg(size), size), UNIT))

    def softmax_divergence(self, expr: SoftmaxDivergence) -> ir.Node:
        """Between two softmaxes of one scale by their logits, between others as the sum that it is."""
        u, z = expr.args
        q, p = self.forms(u), self.forms(z)
        if q.scale == p.scale:
            return divergence(self.let, q, p)
        difference = sub(q.log_p, p.log_p)
        return self.let("divergence", ir.Reduce("sum", product(q.p, difference)))

    def log(self, argument: Expr, row: ClassIndex | None) -> ir.Node:
        """A logarithm that no rule has a form for."""
        if isinstance(argument, Share):
            raise LoweringError(f"the logarithm of a share has no stable form: {argument}")
        if isinstance(argument, Pow):
            return mul(self.lower(argument.exp, row), self.lower(log(argument.base), row))
        return ir.Map("log", (self.lower(argument, row),))

    def add(self, expr: Add, row: ClassIndex | None) -> ir.Node:
        delta = delta_of(expr)
        if delta is not None:
            return self.by_case(expr, delta, row)
        terms = [self.lower(t, row) for t in reading_order(expr.args)]
        if all(t.shape == "scalar" for t in terms):
            # 1 - eps + eps/K from the left: 1 - eps is exact where eps is near 1, 1 + eps/K is not
            terms.sort(key=lambda t: not (isinstance(t, ir.Const) and t.value > 0))
            return in_order(terms)
        return total(terms)

    def reduction(self, expr: FiniteSum | LogSumExp) -> ir.Node:
        if expr in self._sums:
            return self._sums[expr]
        index, body = expr.open()
        others = sorted(str(s) for s in expr.free_symbols if isinstance(s, ClassIndex) and s != c)
        if others and isinstance(expr, FiniteSum):
            apart = separated(expr)
            if apart is not None:
                return self.lower(apart, ClassIndex(others[0]))
        if others:
            raise LoweringError(
                f"a sum depends on the class {others[0]} outside it: that is K x K work a row; "
                "write it as a product of sums"
            )
        node: ir.Node
        if isinstance(expr, LogSumExp):
            node = self.logsumexp(expr)
        else:
            inner = self.lower(body, index)
            minus = isinstance(inner, ir.Map) and inner.op == "neg"
            name = self.let(sum_name(body, index), summed(neg(inner) if minus else inner))
            node = neg(name) if minus else name
        self._sums[expr] = node
        return node

    def logsumexp(self, expr: LogSumExp) -> ir.Node:
        self._used.add(LOGSUMEXP_BY_GAP.name)
        _, body = expr.open()
        plain = isinstance(body, Indexed) and entries(body, body.base)
        return self.forms(body.base if plain else expr).logsumexp

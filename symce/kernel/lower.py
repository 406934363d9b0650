"""From closed forms to a RowProgram: every sum a reduction, every softmax a shifted one, no K x K array.

What a closed form is written in (p_k, log p_k, 1 - p_k, s_k, ...) has a stable way to be computed: the rules of
stability.py rewrite each node, from the outermost inwards, and stable.py has the passes for what they write. This
module walks the expression and gives every sum a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    IndexedBase,
    KroneckerDelta,
    Mul,
    Pow,
    Rational,
    S,
    Symbol,
    exp,
    log,
    sign,
    tanh,
)
from sympy.core.relational import Relational

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, K, c
from symce.algebra.nodes import Named
from symce.algebra.piecewise import Where
from symce.derivation.model import z as LOGITS
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
    only_numbers,
    reading_order,
    scaled_vector,
    separated,
    sum_name,
    unbounded,
    vanishing,
)
from symce.kernel.stability import (
    CATALOGUE,
    CENTRED,
    COMPLEMENT,
    DIRECTION_FROM_TOP,
    FROM_TOP,
    LOGSUMEXP_BY_GAP,
    SHIFT_BEFORE_DIVISION,
    SOFTMAX_BY_GAP,
    STABILITY,
    TRUE_CLASS_APART,
)
from symce.kernel.stable import (
    ONE,
    UNIT,
    ZERO,
    Scale,
    SoftmaxForms,
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


class LoweringError(RuntimeError):
    """A closed form that no program of passes over one row computes; the message says which part and why."""


_FUNCTIONS: Mapping[type, str] = {
    exp: "exp",
    Expm1: "expm1",
    tanh: "tanh",
    Abs: "abs",
    sign: "sign",
    Softplus: "softplus",
}
_RELATIONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def _complement_of_true_class(expr: Add) -> tuple[IndexedBase, int] | None:
    """The vector and the sign of 1 - p_c or p_c - 1."""
    found = COMPLEMENT.rewrite(expr)
    for direction in (1, -1):
        if found is not None and isinstance(direction * found, Complement) and (direction * found).args[1] == c:
            return (direction * found).args[0], direction
    return None


@dataclass
class Lowering:
    """One program while it is written.

    ``vectors`` gives, for each vector of the closed form (z, y, v, parameters), the input that holds it.
    """

    vectors: Mapping[IndexedBase, ir.Input]
    scalars: Mapping[Symbol, ir.Input]
    adjusted: IndexedBase | None = None
    image: tuple[Expr, ClassIndex] | None = None
    lets: list[ir.Let] = field(default_factory=list)
    _sums: dict[Expr, ir.Node] = field(default_factory=dict)
    _forms: dict[Expr, SoftmaxForms] = field(default_factory=dict)
    _vectors: dict[IndexedBase, ir.Node] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _derivative: bool = False

    def let(self, name: str, value: ir.Node, note: str = "") -> ir.Var:
        """Give a value a name, made unique by a number where it is taken; what has one already keeps it."""
        known = next((x.name for x in self.lets if x.value == value), None)
        if known is not None:
            return ir.Var(known, value.shape)
        taken = {x.name for x in self.lets} | {i.name for i in (*self.vectors.values(), *self.scalars.values())}
        unique, n = name, 1
        while unique in taken:
            n += 1
            unique = f"{name}_{n}"
        self.lets.append(ir.Let(unique, value, note))
        return ir.Var(unique, value.shape)

    def vector(self, base: IndexedBase) -> ir.Node:
        """The row (or the K numbers) of a vector."""
        if base == self.adjusted and self.image is not None:
            if base not in self._vectors:
                image, index = self.image
                self._vectors[base] = self.let("adjusted", self.lower(image, index), "the logits after the inner map")
            return self._vectors[base]
        if base == FROM_TOP:
            self._used.add(DIRECTION_FROM_TOP.name)
            top = self.forms(self.adjusted or LOGITS).top_class
            return self.let(
                "v_from_top", sub(self.direction, ir.Gather(self.direction, top)), "a shift changes nothing"
            )
        if base not in self.vectors:
            raise LoweringError(f"no input holds the vector {base}")
        return self.vectors[base]

    def forms(self, vector: IndexedBase | LogSumExp) -> SoftmaxForms:
        """The stable forms of softmax of a vector, or of what a log-sum-exp runs over, computed once."""
        if vector not in self._forms:
            self._used.add(SOFTMAX_BY_GAP.name)
            node, scale = self._softmax_of(vector)
            if scale is not None:
                self._used.add(SHIFT_BEFORE_DIVISION.name)
            self._forms[vector] = SoftmaxForms(self.let, node, self.class_index, scale)
        return self._forms[vector]

    def _softmax_of(self, vector: IndexedBase | LogSumExp) -> tuple[ir.Node, Scale | None]:
        """The row that softmax is taken of, and the scale that is applied to it, where it is no more than that."""
        if isinstance(vector, LogSumExp):
            index, body = vector.open()
        elif vector == self.adjusted and self.image is not None:
            body, index = self.image
        else:
            return self.vector(vector), None
        scaled = scaled_vector(body, index)
        if scaled is None:
            if isinstance(vector, LogSumExp):
                return self.let("terms", self.lower(body, index), f"{body}, of which log-sum-exp is taken"), None
            return self.vector(vector), None
        base, by, divides = scaled
        node = self.vector(base)
        return node, None if by == 1 else Scale(self.lower(by, None), divides)

    @property
    def stability(self) -> tuple[str, ...]:
        """The names of the rules that were followed so far, in the order of symce.kernel.stability."""
        return tuple(name for name in CATALOGUE if name in self._used)

    @property
    def direction(self) -> ir.Node:
        """The vector of a Hessian-vector product."""
        return next(i for i in self.vectors.values() if i.name == "v")

    @property
    def class_index(self) -> ir.Node | None:
        """The input that holds the true class of every row, if there is one."""
        return next((i for i in self.vectors.values() if i.kind == "index"), None)

    @property
    def target(self) -> ir.Node:
        """The true class of every row."""
        node = self.class_index
        if node is None:
            raise LoweringError("the closed form names the true class c, but the target is not a class index")
        return node

    @property
    def hot(self) -> ir.Node:
        """The row that is true at the true class."""
        return ir.OneHot(self.target)

    def entry(self, base: IndexedBase, index: Expr, row: ClassIndex | None) -> ir.Node:
        """base[index]: at the true class a gather, at the row's index the row itself."""
        if index == c:
            return ir.Gather(self.vector(base), self.target)
        self.on_row(index, row)
        return self.vector(base)

    def on_row(self, index: Expr, row: ClassIndex | None) -> None:
        if index != row:
            raise LoweringError(
                f"index {index} stands beside {row}: that takes a value for every pair of classes (K x K), which no "
                "kernel of one pass a row computes; write the pair's sum as a product of sums"
            )

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

    def quotient(self, expr: Softmax | Probability, row: ClassIndex | None) -> tuple[ir.Node, ir.Node]:
        """p_k as numerator and denominator."""
        forms = self.forms(expr.args[0])
        if expr.args[1] == c:
            return ir.Gather(forms.scaled, self.target), forms.mass
        self.on_row(expr.args[1], row)
        return forms.scaled, forms.mass

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

    def by_case(self, expr: Expr, delta: KroneckerDelta, row: ClassIndex | None) -> ir.Node:
        """An expression in delta_cj, as its value at the true class and its value elsewhere: 1 - p_c never cancels."""
        at_c = self.lower(expr.xreplace({delta: S.One}).xreplace({row: c}), None)
        elsewhere = self.lower(expr.xreplace({delta: S.Zero}), row)
        return where(self.hot_for(delta, row), at_c, elsewhere)

    def hot_for(self, delta: KroneckerDelta, row: ClassIndex | None) -> ir.Node:
        others = [a for a in delta.args if a != c]
        if len(others) != 1 or others[0] != row:
            self.on_row(next((a for a in delta.args if a not in (c, row)), delta.args[0]), row)
        return self.hot

    def mul(self, expr: Mul, row: ClassIndex | None) -> ir.Node:
        plain = list(expr.args)
        delta = next((f for f in plain if isinstance(f, KroneckerDelta)), None)
        if delta is not None:
            rest = Mul(*[f for f in plain if f is not delta]).xreplace({row: c})
            return where(self.hot_for(delta, row), self.lower(rest, None), ZERO)
        sums = [f for f in plain if isinstance(f, Add) and delta_of(f) is not None]
        if len(sums) == 1 and not any(f.has(ClassIndex) for f in plain if f is not sums[0]):
            # a number goes into both cases, and a probability is multiplied by it before it is divided
            return self.by_case(expr, delta_of(sums[0]), row)
        masked = self.masked(plain, row)
        if masked is not None:
            return masked
        chosen = next((f for f in plain if isinstance(f, Where) and {f.then, f.otherwise} == {S.Zero, S.One}), None)
        if chosen is not None:
            # by selection, not by multiplication: what is not chosen may be infinite
            condition = self.condition(chosen.condition, row)
            rest_of_it = self.lower(Mul(*[f for f in plain if f is not chosen]), row)
            return where(condition, rest_of_it, ZERO) if chosen.then == 1 else where(condition, ZERO, rest_of_it)
        above: list[ir.Node] = []
        below: list[ir.Node] = []
        infinite: list[ir.Node] = []
        minus = False
        for factor in reading_order(tuple(plain)):
            if isinstance(factor, Rational):
                minus = factor.is_negative
                above.append(ir.Const(Fraction(abs(int(factor.p)))))
                below.append(ir.Const(Fraction(int(factor.q))))
            elif self._derivative and isinstance(factor, Pow) and vanishing(factor.base) and factor.exp.is_negative:
                above.append(self.power(factor.base, factor.exp, row))
            elif isinstance(factor, Pow) and factor.exp.could_extract_minus_sign() and factor.exp.is_Rational:
                below.append(self.power(factor.base, -factor.exp, row))
            elif (
                isinstance(factor, Softmax | Probability)
                and not isinstance(factor, Share)
                and not only_numbers(plain, factor)
                and (any(other.has(log, Rate) for other in plain) or not any(map(unbounded, plain)))
            ):
                # multiplied before it is divided: p may have few bits where the product has all
                numerator, denominator = self.quotient(factor, row)
                above.append(numerator)
                below.append(denominator)
            elif isinstance(factor, Add) and (complement := _complement_of_true_class(factor)) is not None:
                vector, direction = complement
                self._used.add(COMPLEMENT.name)
                above.append(self.forms(vector).others)
                below.append(self.forms(vector).mass)
                minus = minus != (direction < 0)
            elif factor.has(log, Rate) or (unbounded(factor) and not only_numbers(plain, factor)):
                infinite.append(self.lower(factor, row))
            else:
                above.append(self.lower(factor, row))
        result = mul(*above) if above else ONE
        if infinite:
            # 0 * log 0 = 0: a class of probability or target 0 adds nothing
            result = mul(*infinite) if result == ONE else product(result, mul(*infinite))
        result = div(result, mul(*below))
        return neg(result) if minus else result

    def masked(self, factors: list[Expr], row: ClassIndex | None) -> ir.Node | None:
        """A product with a bracket that is 0 at the true class, or 0 elsewhere: by selection, not by multiplication."""
        for factor in factors:
            delta = delta_of(factor) if isinstance(factor, Add) else None
            if delta is None or row is None:
                continue
            at_c, elsewhere = factor.xreplace({delta: S.One}).xreplace({row: c}), factor.xreplace({delta: S.Zero})
            rest = Mul(*[f for f in factors if f is not factor])
            if at_c == 0:
                return where(self.hot_for(delta, row), ZERO, self.lower(rest * elsewhere, row))
            if elsewhere == 0:
                return where(self.hot_for(delta, row), self.lower(rest.xreplace({row: c}) * at_c, None), ZERO)
        return None

    def power(self, base: Expr, exponent: Expr, row: ClassIndex | None) -> ir.Node:
        node = self.lower(base, row)
        if self._derivative and vanishing(base) and not exponent.is_nonnegative:
            # where 1 - p_k (or p_k) is 0, what this is multiplied by vanishes faster: 0 in the limit, not infinity
            certain = ir.Map("eq", (node, ZERO))
            power = ir.Map("pow", (where(certain, ONE, node), self.lower(exponent, row)))
            return where(certain, ZERO, power)
        if exponent == 1:
            return node
        if exponent == Rational(1, 2):
            return ir.Map("sqrt", (node,))
        if exponent == 2:
            node = node if isinstance(node, ir.Var | ir.Input) else self.let("base", node)
            return mul(node, node)
        if isinstance(base, Softmax) and not isinstance(base, Share) and not exponent.is_Integer:
            # p may be 0 or have few bits left where the power is a normal number
            logarithm = self.lower(log(base), row)
            exponent_ = self.lower(exponent, row)
            small = ir.Map("lt", (node, ir.Const(Fraction(1, 10**37))))
            return where(small, ir.Map("exp", (product(exponent_, logarithm),)), ir.Map("pow", (node, exponent_)))
        if exponent.is_Rational and exponent < 0:
            return div(ONE, self.power(base, -exponent, row))
        return ir.Map("pow", (node, self.lower(exponent, row)))

    def condition(self, condition: Relational, row: ClassIndex | None) -> ir.Node:
        left, right = (self.lower(a, row) for a in condition.args)
        return ir.Map(_RELATIONS[condition.rel_op], (left, right))

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

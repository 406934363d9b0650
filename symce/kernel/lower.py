"""From closed forms to a RowProgram: every sum a reduction, every softmax a shifted one, no K x K array.

What a closed form is written in (p_k, log p_k, 1 - p_k, s_k, ...) has a stable way to be computed: see stable.py. This
module walks the expression, gives every sum a name, and leaves the choice of form to it.
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
from symce.kernel import ir
from symce.kernel.apart import Rate, Share, needs_it, true_class_apart
from symce.kernel.patterns import (
    complement_of,
    complementary_pair,
    delta_of,
    only_numbers,
    reading_order,
    separated,
    sum_name,
    unbounded,
    vanishing,
    without_sign,
)
from symce.kernel.stable import ONE, ZERO, SoftmaxForms, div, mul, neg, product, total, where
from symce.rules.dependence import entries


class LoweringError(RuntimeError):
    """A closed form that no program of passes over one row computes; the message says which part and why."""


_FUNCTIONS: Mapping[type, str] = {exp: "exp", tanh: "tanh", Abs: "abs", sign: "sign", Softplus: "softplus"}
_RELATIONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


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
    _forms: dict[IndexedBase, SoftmaxForms] = field(default_factory=dict)
    _vectors: dict[IndexedBase, ir.Node] = field(default_factory=dict)
    _hot: ir.Node | None = None
    _derivative: bool = False

    def let(self, name: str, value: ir.Node, note: str = "") -> ir.Var:
        """Give a value a name, made unique by a number where it is taken."""
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
        if base not in self.vectors:
            raise LoweringError(f"no input holds the vector {base}")
        return self.vectors[base]

    def forms(self, base: IndexedBase) -> SoftmaxForms:
        """The stable forms of softmax of a vector, computed once."""
        if base not in self._forms:
            self._forms[base] = SoftmaxForms(self.let, self.vector(base), self.class_index, lambda: self.hot)
        return self._forms[base]

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
        if self._hot is None:
            self._hot = self.let("onehot", ir.OneHot(self.target))
        return self._hot

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
            case Share():
                if expr.args[1] == c:
                    return ZERO
                self.on_row(expr.args[1], row)
                return self.forms(expr.args[0]).share
            case Rate():
                return self.forms(expr.args[0]).rate
            case Softmax():
                return self.softmax(expr, row)
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
            apart = true_class_apart(expr, row)
            if apart is None:
                raise LoweringError(
                    f"a power of 1 - p[c] is left that may be negative, and is infinite where p[c] is 1: {expr}"
                )
            return where(self.hot, self.lower(apart.at_c, None), self.lower(apart.elsewhere, row))
        finally:
            self._derivative = False

    def softmax(self, expr: Softmax, row: ClassIndex | None) -> ir.Node:
        forms = self.forms(expr.args[0])
        if expr.args[1] == c:
            return forms.p_c
        self.on_row(expr.args[1], row)
        return forms.p

    def complement(self, expr: Softmax | Sigmoid, row: ClassIndex | None) -> ir.Node:
        """1 - p_k as the sum of the others, 1 - sigma(x) as sigma(-x): neither is a difference."""
        if isinstance(expr, Sigmoid):
            return ir.Map("sigmoid", (neg(self.lower(expr.args[0], row)),))
        forms = self.forms(expr.args[0])
        if expr.args[1] == c:
            return forms.q_c
        self.on_row(expr.args[1], row)
        return forms.q

    def log(self, argument: Expr, row: ClassIndex | None) -> ir.Node:
        """The logarithm, of a product term by term: log p and log sigma never go through p and sigma."""
        match argument:
            case Share():
                raise LoweringError(f"the logarithm of a share has no stable form: {argument}")
            case Softmax():
                forms = self.forms(argument.args[0])
                if argument.args[1] == c:
                    return forms.log_p_c
                self.on_row(argument.args[1], row)
                return forms.log_p
            case Sigmoid():
                return neg(ir.Map("softplus", (neg(self.lower(argument.args[0], row)),)))
            case Mul() if argument.has(Softmax, Sigmoid):
                return total([self.log(f, row) for f in reading_order(argument.args)])
            case Pow():
                return mul(self.lower(argument.exp, row), self.log(argument.base, row))
        whole = complement_of(argument)
        if isinstance(whole, Sigmoid):
            return neg(ir.Map("softplus", (self.lower(whole.args[0], row),)))
        return ir.Map("log", (self.lower(argument, row),))

    def add(self, expr: Add, row: ClassIndex | None) -> ir.Node:
        whole = complement_of(expr)
        if whole is not None:
            return self.complement(whole, row)
        whole = complement_of(-expr)
        if whole is not None:
            return neg(self.complement(whole, row))
        delta = delta_of(expr)
        if delta is not None:
            return self.by_case(expr, delta, row)
        terms = list(expr.args)
        pair = complementary_pair(terms)
        nodes: list[ir.Node] = []
        if pair is not None:
            one, probability = pair
            terms = [t for t in terms if t not in pair]
            other = self.complement(without_sign(probability), row)
            nodes.append(other if one == 1 else neg(other))
        return total(nodes + [self.lower(t, row) for t in reading_order(tuple(terms))])

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
            elif factor.has(log, Rate) or (unbounded(factor) and not only_numbers(plain, factor)):
                infinite.append(self.lower(factor, row))
            else:
                above.append(self.lower(factor, row))
        result = mul(*above) if above else ONE
        result = div(result, mul(*below))
        if infinite:
            # 0 * log 0 = 0: a class of probability or target 0 adds nothing
            result = product(result, mul(*infinite))
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
            return mul(node, node)
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
            node = self.logsumexp(body, index)
        else:
            inner = self.lower(body, index)
            minus = isinstance(inner, ir.Map) and inner.op == "neg"
            summed = ir.Reduce("sum", neg(inner) if minus else inner)
            name = self.let(sum_name(body, index), summed)
            node = neg(name) if minus else name
        self._sums[expr] = node
        return node

    def logsumexp(self, body: Expr, index: ClassIndex) -> ir.Node:
        if isinstance(body, Indexed) and entries(body, body.base):
            return self.forms(body.base).logsumexp
        terms = self.let("terms", self.lower(body, index), f"{body}, of which log-sum-exp is taken")
        return SoftmaxForms(self.let, terms, None, None).logsumexp

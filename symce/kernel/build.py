"""From a derivation to a Kernel: its closed forms lowered, once for each form of target that a caller may pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict

from sympy import Add, Expr, Indexed, IndexedBase, Integer, KroneckerDelta, Mul, Pow, S, Symbol, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Softmax
from symce.algebra.indices import K, j
from symce.algebra.text import text
from symce.derivation.derive import Derivation
from symce.derivation.gradient import Derivative
from symce.derivation.model import Model, k, y, z
from symce.derivation.second import l, v
from symce.kernel import ir
from symce.kernel.kernel import Kernel, KernelParam
from symce.kernel.lower import Lowering
from symce.kernel.patterns import scaled_vector
from symce.kernel.scope import LoweringError
from symce.kernel.stability import CATALOGUE as STABILITY
from symce.kernel.stability import FROM_TOP
from symce.kernel.stable import total
from symce.losses.loss import Loss
from symce.rules.sums import CONSTANT, CONTRACT, LINEARITY, multiply_out
from symce.rules.targets import spread_one_hot

#: a loss of these target kinds takes an index target too, for the one-hot vector that it stands for
_DENSE = ("distribution", "weights")


def kernel(derivation: Derivation) -> Kernel:
    """The kernel of a loss: value, gradient and Hessian-vector product for each form of its target.

    Raises LoweringError where a closed form takes more than passes over one row.
    """
    loss, model = derivation.loss, derivation.model
    linear = loss.target in _DENSE and is_linear_in_target(model.value)
    elementwise = loss.target == "multilabel" and _terms(model.value) is not None
    closed = {"value": model.value, "gradient": _always_true(derivation.gradient)}
    closed["hvp"] = S.Zero if derivation.hvp is None else _always_true(derivation.hvp)
    programs: dict[str, ir.RowProgram] = {}
    followed: set[str] = set()
    for form in _forms(loss, model.value):
        one_hot = form == "index" and loss.target in _DENSE
        expressions = {n: _at_one_hot(e) for n, e in closed.items()} if one_hot else closed
        programs[form], rules = _program(model, form, expressions, elementwise)
        followed.update(rules)
    return Kernel(
        name=loss.name,
        title=loss.title,
        doc=loss.doc,
        value_text=loss.value,
        gradient_text=text(derivation.gradient.final.result, ascii=True),
        reference=loss.reference,
        target=loss.target,
        params=tuple(KernelParam(p.name, p.domain, p.default, p.shape, p.doc) for p in loss.params),
        programs=programs,
        linear_in_target=linear,
        elementwise=elementwise,
        source_hash=source_hash(loss),
        one_hot_limit=_one_hot_limit(model),
        stability=tuple(name for name in STABILITY if name in followed),
        least_classes=_least_classes(closed.values()),
    )


def source_hash(loss: Loss) -> str:
    """The SHA-256 of a loss's declaration, in hexadecimal."""
    fields = {n: x for n, x in asdict(loss).items() if n not in ("expected", "source_file", "places")}
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def is_linear_in_target(value: Expr) -> bool:
    """Whether the value is linear and homogeneous in y, so that weights and smoothing may act on the target."""
    t = Symbol("t", positive=True)
    entries = {e: t * e for e in value.atoms(Indexed) if e.base == y}
    if not entries:
        return False
    scaled = value.xreplace(entries)
    slope = scaled.diff(t)
    return bool(scaled.xreplace({t: 0 * t}) == 0 and t not in slope.free_symbols)


def _least_classes(expressions: Iterable[Expr]) -> int:
    """One more than the largest K at which a denominator in K alone is 0.

    Raises LoweringError where that is K = 1,000 or more: a loss that is undefined for so many classes is a slip.
    """
    below = {p.base for e in expressions for p in e.atoms(Pow) if p.base.free_symbols == {K} and p.exp.is_negative}
    undefined = [n for n in range(1, 1_000) for base in below if base.xreplace({K: Integer(n)}) == 0]
    if any(base == 0 or base.xreplace({K: Integer(1_000)}) == 0 for base in below):
        raise LoweringError("a denominator in K is 0 for K = 1,000 classes")
    return max(undefined, default=0) + 1


def _forms(loss: Loss, value: Expr) -> tuple[str, ...]:
    if loss.target == "none":
        return ("none",)
    if loss.target == "index":
        return ("index",)
    return ("index", "dense") if loss.target in _DENSE and _takes_one_hot(value) else ("dense",)


def _takes_one_hot(value: Expr) -> bool:
    """Whether the value is defined term by term where y is one-hot: no logarithm of y, no power that may be 1/0."""
    at_one_hot = spread_one_hot(value, y)
    logs = any(e.args[0].has(KroneckerDelta) for e in at_one_hot.atoms(log))
    return not logs and all(p.exp.is_positive for p in at_one_hot.atoms(Pow) if p.base.has(KroneckerDelta))


def _always_true(derivative: Derivative) -> Expr:
    """The shortest closed form that holds for every input, not only for targets that sum to one."""
    corollary = derivative.corollary
    proof = corollary if corollary is not None and not corollary.assumptions else derivative.general
    return proof.closed_form


def _at_one_hot(expr: Expr) -> Expr:
    """The expression at y = the one-hot vector of class c, its sums contracted."""
    expr = spread_one_hot(expr, y)
    for rule in (LINEARITY, CONTRACT, CONSTANT):
        contracted = rule.exhaust(expr)
        expr = expr if contracted is None else contracted
    return expr


def _terms(value: Expr) -> list[tuple[Expr, FiniteSum]] | None:
    """A value that is a combination of sums of one term a class, as (coefficient, sum) pairs; None if it is not.

    A term holds nothing of other classes: no sum, and no softmax, whose denominator is one.
    """
    pairs = []
    for term in Add.make_args(multiply_out(value)):
        sums = [f for f in Mul.make_args(term) if isinstance(f, FiniteSum)]
        rest = Mul(*[f for f in Mul.make_args(term) if not isinstance(f, FiniteSum)])
        if len(sums) != 1 or rest.has(Indexed) or sums[0].args[0].has(FiniteSum, LogSumExp, Softmax):
            return None
        pairs.append((rest, sums[0]))
    return pairs


def _one_hot_limit(model: Model) -> bool:
    """Whether softmax alone depends on the logits, and nothing but a scale stands between."""
    if model.image is not None and scaled_vector(model.image, k) is None:
        return False
    # a vector that is an argument of softmax is no entry: z[k] is found only where it stands by itself
    return model.value.has(Softmax) and not any(e.base in (z, model.logits) for e in model.value.atoms(Indexed))


def _program(
    model: Model, form: str, closed: dict[str, Expr], elementwise: bool
) -> tuple[ir.RowProgram, tuple[str, ...]]:
    """The program of one form of target, and the names of the stability rules that it follows."""
    vectors = {z: ir.Input("logits", "row"), v: ir.Input("v", "row")}
    if form == "index":
        # c has no letter of its own among the vectors: the index target is known by its kind
        vectors[IndexedBase("c")] = ir.Input("target", "batch", "index")
    elif form == "dense":
        vectors[y] = ir.Input("target", "row")
    scalars: dict[Symbol, ir.Input] = {}
    for param in model.loss.params:
        letter = model.parameters[param.name]
        if isinstance(letter, IndexedBase):
            vectors[letter] = ir.Input(param.name, "class" if param.shape == "K" else "row")
        else:
            scalars[letter] = ir.Input(param.name, "scalar")
    lowering = Lowering(
        vectors,
        scalars,
        adjusted=model.logits if model.image is not None else None,
        image=(model.image, k) if model.image is not None else None,
    )
    outputs: dict[str, ir.Node] = {}
    for name, expr in closed.items():
        if name == "value":
            outputs[name] = _value(lowering, expr, elementwise)
        elif name == "gradient":
            outputs[name] = lowering.derivative(expr, j)
        else:
            # a shift of v changes nothing where one of the logits does not
            outputs[name] = lowering.derivative(expr.xreplace({v: FROM_TOP}) if _one_hot_limit(model) else expr, l)
    inputs = tuple(i for i in (*vectors.values(), *scalars.values()))
    return ir.RowProgram(inputs, tuple(lowering.lets), outputs).only(*outputs), lowering.stability


def _value(lowering: Lowering, value: Expr, elementwise: bool) -> ir.Node:
    if not elementwise:
        return lowering.lower(value, None)
    terms = []
    for coefficient, summed in _terms(value) or []:
        terms.append(lowering.lower(coefficient * summed.at(j), j))
    return total(terms)

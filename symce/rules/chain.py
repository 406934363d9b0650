"""The chain rule, through whatever quantities a loss is written in: p = softmax(z), s = sigma(z), z itself, a = h(z).

The general rule sums over all entries of a vector. A loss that is written in one entry p_c alone needs no sum.
"""

from __future__ import annotations

from sympy import Add, Expr, Indexed, IndexedBase, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex, Index
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.rules import laws as L
from symce.rules.dependence import entries, sigmoids, softmaxes
from symce.rules.rule import Rule


def _chain(expr: Expr) -> Expr | None:
    if not (isinstance(expr, Total) and isinstance(expr.variable, Indexed)):
        return None
    f, z_j = expr.function, expr.variable
    return None if isinstance(f, Softmax | Sigmoid | Indexed) else through(f, z_j)


def through(f: Expr, z_j: Expr) -> Expr:
    """df/dz_j through every entry of softmax(z) and sigma(z) that f is written in, and through z itself."""
    vector = z_j.base
    terms: list[Expr] = []
    for found, make in ((softmaxes(f, vector), _softmax_entry), (sigmoids(f, vector), _sigmoid_entry)):
        if not found:
            continue
        single = found[0] if len(found) == 1 else None
        if single is not None and _free(single):
            terms.append(Product(Partial(f, single), Total(single, z_j)))
        else:
            k = ClassIndex.fresh({*f.free_symbols, *z_j.free_symbols})
            entry = make(vector, k)
            terms.append(FiniteSum(Product(Partial(f, entry), Total(entry, z_j)), k))
    if entries(f, vector):
        terms.append(Partial(f, z_j))
    return Add(*terms)


def _minus(expr: Expr) -> Expr | None:
    if isinstance(expr, Total) and isinstance(expr.function, Named):
        body = expr.function.definition
        return -Total(-body, expr.variable) if body.could_extract_minus_sign() else None
    return None


def _free(entry: Expr) -> bool:
    return not any(isinstance(s, Index) and s.is_bound for s in entry.free_symbols)


def _softmax_entry(vector: IndexedBase, k: Index) -> Expr:
    return Softmax(vector, k)


def _sigmoid_entry(vector: IndexedBase, k: Index) -> Expr:
    return Sigmoid(vector[k])


def inner_map(adjusted: IndexedBase, logits: IndexedBase, at: Index, image: Expr) -> Rule:
    """The chain rule through adjusted_k = h(logits_k), where ``image`` is h(logits[at]): an elementwise map."""

    def rewrite(expr: Expr) -> Expr | None:
        if not (isinstance(expr, Total) and isinstance(expr.variable, Indexed) and expr.variable.base == logits):
            return None
        f, z_j = expr.function, expr.variable
        if isinstance(f, Softmax | Sigmoid | Indexed):
            return None
        j = z_j.indices[0]
        terms: list[Expr] = []
        if entries(f, adjusted, through=True):
            h = Named(adjusted[j], image.xreplace({at: j}))
            terms.append(Product(Total(f, adjusted[j]), through(h, z_j)))
        return Add(*terms, through(f, z_j))

    return Rule(
        "chain-rule-elementwise",
        (
            Total(L.f.func(Named(L.u[L.j], L.g)), L.z[L.j]),
            Product(Total(L.f.func(L.u[L.j]), L.u[L.j]), Partial(Named(L.u[L.j], L.g), L.z[L.j])),
        ),
        "Each adjusted logit depends on its own logit alone, so the chain rule has one term.",
        rewrite,
        coq="chain_elementwise",
        heads=(Total,),
    )


CHAIN = Rule(
    "chain-rule",
    (
        Total(L.f.func(L.p[1]), L.z[L.j]),
        FiniteSum(Product(Partial(L.f.func(L.p[1]), L.pk), Total(L.pk, L.z[L.j])), L.k),
    ),
    "The loss depends on the logits through the probabilities: the derivatives along each path are multiplied, and the "
    "paths added.",
    _chain,
    coq="chain",
    heads=(Total,),
)
MINUS = Rule(
    "derivative-of-minus",
    (Total(Named(Symbol("L"), -log(L.pk)), L.z[L.j]), -Total(log(L.pk), L.z[L.j])),
    "The derivative of -f is the negative of the derivative of f.",
    _minus,
    coq="linearity",
    heads=(Total,),
)
RULES: tuple[Rule, ...] = (
    CHAIN,
    MINUS,
    inner_map(IndexedBase("a", real=True), L.z, ClassIndex("k"), L.z[ClassIndex("k")] + L.a),
)

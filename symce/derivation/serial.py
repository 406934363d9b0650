"""A proof as data: what ``symce.check`` reads, and anybody else who does not trust SymPy. See docs/proof-format.md.

An expression is a nested list, its head first: ``["mul", ["num", "-1"], ["entry", "y", "j"]]``. Bound indices have
names of their own kind, the same on every run; the terms of sums and products are in a fixed order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sympy import (
    Abs,
    Add,
    Basic,
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
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from symce.algebra.binders import Binder, FiniteProduct, FiniteSum
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, D, FeatureIndex, Index, K, N, SampleIndex, TrueClass, j, one, two
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.algebra.piecewise import ByCases, Where
from symce.derivation.derive import Derivation
from symce.derivation.linear import lift
from symce.derivation.model import k
from symce.derivation.proof import Proof, Step
from symce.rules.linear import G, i, logit, logit_of_sample, sample_loss

FORMAT = "symce-proof"
VERSION = 1

#: JSON that stands for an expression
Json = list[Any]

KINDS: dict[type[Index], str] = {ClassIndex: "class", SampleIndex: "sample", FeatureIndex: "feature"}
_SIZES = {K: "K", N: "N", D: "D"}
_FUNCTIONS = {
    log: "log",
    exp: "exp",
    tanh: "tanh",
    Abs: "abs",
    sign: "sign",
    Sigmoid: "sigmoid",
    Softplus: "softplus",
}
_RELATIONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def serialise(
    proof: Proof,
    *,
    assumptions: Iterable[str] = (),
    definitions: Iterable[dict[str, Any]] = (),
    domains: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A proof as a document of JSON values (docs/proof-format.md).

    ``assumptions`` are those of the proofs that it cites; ``definitions`` say what entries of vectors stand for (see
    ``meaning`` and ``depends_through``); ``domains`` give real, nonnegative, positive or unit by the name of a
    parameter. Without that, what SymPy knows of a symbol decides, and a nonnegative one counts as unit: [0, 1] is in
    both. Raises TypeError for a kind of node that the format has no word for.
    """
    expressions = [proof.statement, *(s.expr for s in proof.steps)]
    meanings = [*definitions, *(meaning(d.label, d.meaning) for d in proof.definitions)]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": proof.name,
        "kind": proof.kind,
        "title": proof.title,
        "indices": _indices(expressions),
        "domains": _domains(expressions, meanings, domains or {}),
        "assumptions": list(dict.fromkeys((*proof.assumptions, *assumptions))),
        "cites": list(proof.cites),
        "definitions": meanings,
        "statement": to_json(proof.statement),
        "steps": [_step(s) for s in proof.steps],
        "result": to_json(proof.result),
    }


def _step(step: Step) -> dict[str, Any]:
    plain = {"expr": to_json(step.expr), "rule": step.rule, "why": step.why}
    return plain if step.relation == "=" else {**plain, "relation": step.relation}


def documents(derivation: Derivation) -> dict[str, dict[str, Any]]:
    """Every proof of a derivation, by its name, each with what it needs to be checked by itself."""
    model = derivation.model
    domains = {p.name: p.domain for p in model.loss.params}
    inner = [] if model.image is None else [meaning(model.logits[k], model.image)]
    inherited = _inherited(derivation.proofs)
    result = {}
    for proof in derivation.proofs:
        definitions = list(inner)
        if proof in derivation.linear:
            definitions = _layer(proof, derivation, inner)
        result[proof.name] = serialise(
            proof, assumptions=inherited[proof.name], definitions=definitions, domains=domains
        )
    return result


def meaning(entry: Expr, value: Expr) -> dict[str, Any]:
    """The definition ``entry = value``, for every value of the indices of the entry."""
    return {"name": to_json(entry), "indices": _indices([entry]), "value": to_json(value)}


def depends_through(entry: Expr, through: Expr, slope: Expr) -> dict[str, Any]:
    """The definition of an entry as *some* function of the entries ``through``, with partial derivatives ``slope``.

    ``through`` has one index that ``entry`` has not, its last.
    """
    bound = through.indices[-1]
    return {
        "name": to_json(entry),
        "indices": _indices([entry]),
        "through": to_json(through),
        "over": [str(bound), KINDS[type(bound)]],
        "slope": to_json(slope),
    }


def _layer(proof: Proof, derivation: Derivation, inner: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the letters of the linear layer mean: the one sample's logits, or in a batch those of each."""
    atoms = set().union(*(e.atoms(IndexedBase) for e in (proof.statement, *(s.expr for s in proof.steps))))
    if sample_loss not in atoms:
        z_k = logit(k)
        return [*inner, meaning(z_k.label, z_k.definition)]
    z_ik = logit_of_sample(i, k)
    found = [meaning(z_ik.label, z_ik.definition), depends_through(sample_loss[i], z_ik.label, G[i, k])]
    rows = lift(derivation.gradient.final.result)
    return found if rows is None else [*found, meaning(G[i, j], rows)]


def _inherited(proofs: Iterable[Proof]) -> dict[str, tuple[str, ...]]:
    """The assumptions that each proof owes to those whose results it uses: by citation, or under the name of what
    they derive, such as dL/dz_j."""
    owed: dict[str, tuple[str, ...]] = {}
    known: list[Proof] = []
    for proof in proofs:
        names = {n for n in proof.statement.atoms(Named) if isinstance(n.label, Total)}
        named = [p for p in known if any(n.label == p.statement and n.definition == p.closed_form for n in names)]
        used = [p for p in known if p.name in proof.cites] + named[:1]
        owed[proof.name] = tuple(dict.fromkeys(a for p in used for a in (*p.assumptions, *owed[p.name])))
        known.append(proof)
    return owed


def to_json(expr: Basic) -> Json:
    """One expression. Raises TypeError for a kind of node that the format has no word for."""
    return json.loads(_text(expr, frozenset()))  # type: ignore[no-any-return]


@cache
def _text(expr: Basic, scope: frozenset[Index]) -> str:
    # as text, which is hashable and can be sorted; the order does not depend on SymPy's own
    return json.dumps(_node(expr, scope))


def _node(expr: Any, scope: frozenset[Index]) -> Json:
    def of(inner: Basic) -> Json:
        return json.loads(_text(inner, scope))  # type: ignore[no-any-return]

    def ordered(args: Iterable[Basic]) -> list[Json]:
        return [json.loads(t) for t in sorted(_text(a, scope) for a in args)]

    match expr:
        case Rational():
            return ["num", str(expr)]
        case Index():
            raise TypeError(f"the index {expr} stands where a value is expected; an index has no value of its own")
        case Symbol():
            return ["size", _SIZES[expr]] if expr in _SIZES else ["sym", str(expr)]
        case Indexed():
            return ["entry", str(expr.base), *(_index(a) for a in expr.indices)]
        case KroneckerDelta():
            return ["delta", *sorted(_index(a) for a in expr.args)]
        case Softmax():
            return ["softmax", str(expr.args[0]), _index(expr.args[1])]
        case Binder():
            index, body = expr.open(scope)
            head = {FiniteSum: "sum", FiniteProduct: "prod"}.get(type(expr), "lse")
            return [head, str(index), KINDS[type(index)], json.loads(_text(body, scope | {index}))]
        case Add():
            return ["add", *ordered(expr.args)]
        case Mul():
            return ["mul", *ordered(expr.args)]
        case Pow():
            return ["pow", of(expr.base), of(expr.exp)]
        case Total():
            return ["total", of(expr.function), of(expr.variable)]
        case Partial():
            return ["partial", of(expr.function), of(expr.variable)]
        case Product():
            return ["product", of(expr.outer), of(expr.inner)]
        case Named():
            return ["named", _label(expr.label, scope), of(expr.definition)]
        case ByCases():
            return of(expr.plain)
        case Where() if isinstance(expr.condition, Relational):
            condition = [_RELATIONS[expr.condition.rel_op], of(expr.condition.lhs), of(expr.condition.rhs)]
            return ["where", condition, of(expr.then), of(expr.otherwise)]
    if expr is S.Exp1:
        return ["exp", ["num", "1"]]
    for kind, head in _FUNCTIONS.items():
        if isinstance(expr, kind):
            return [head, of(expr.args[0])]
    raise TypeError(
        f"the format of proofs has no word for {type(expr).__name__} (in {expr}); "
        "add one to symce.derivation.serial, to symce.check and to docs/proof-format.md"
    )


def _label(label: Any, scope: frozenset[Index]) -> Json:
    """A name: of a function of vectors, as H(y, p), the vectors are kept; else an expression."""
    if isinstance(label, AppliedUndef):
        return ["call", type(label).__name__, *(str(a) for a in label.args)]
    return json.loads(_text(label, scope))  # type: ignore[no-any-return]


def _index(index: Any) -> str:
    if isinstance(index, TrueClass):
        return f"c({index.sample})"
    if not isinstance(index, Index):
        raise TypeError(f"an entry has indices of classes, samples or features, not {index}")
    return str(index)


def _indices(expressions: Iterable[Expr]) -> dict[str, str]:
    """The free indices and what they run over."""
    found = {s for e in expressions for s in e.free_symbols if isinstance(s, Index) and not s.is_bound}
    found -= {one, two}  # the first class and the second: no index to run
    return {str(s): KINDS[type(s)] for s in sorted(found, key=str)}


def _domains(
    expressions: Iterable[Expr], definitions: Iterable[dict[str, Any]], given: Mapping[str, str]
) -> dict[str, str]:
    """The domain of every vector and parameter that is not defined by others."""
    known: dict[str, str] = {}
    for atom in {a for e in expressions for a in e.atoms(Symbol, IndexedBase)}:
        # the y of a name such as KL(p, y) is a symbol of which nothing is known: the narrowest domain is the letter's
        known[str(atom)] = min(_known(atom), known.get(str(atom), "real"), key=_NARROW.index)
    definitions = list(definitions)
    defined = {d["name"][1] for d in definitions}
    letters = _letters([to_json(e) for e in expressions]) | _letters(definitions)
    return {a: given.get(a) or known.get(a, "real") for a in sorted(letters - defined)}


_NARROW = ("positive", "unit", "real")


def _known(atom: Any) -> str:
    symbol = atom.label if isinstance(atom, IndexedBase) else atom
    if symbol.is_positive:
        return "positive"
    return "unit" if symbol.is_nonnegative else "real"


def _letters(node: Any) -> set[str]:
    """The names of the vectors and parameters that a value depends on; what a thing is called is none of them."""
    if isinstance(node, dict):
        return set().union(*(_letters(v) for v in node.values()))
    if not isinstance(node, list) or not node:
        return set()
    if node[0] in ("entry", "sym", "softmax"):
        return {node[1]}
    return set().union(*(_letters(a) for a in (node[2:] if node[0] == "named" else node)))

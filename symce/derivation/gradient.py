"""The gradient with respect to the logits: lemmas on the partial derivatives, the theorem, its corollaries."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Indexed, IndexedBase, KroneckerDelta

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import Index
from symce.algebra.indices import c as C
from symce.algebra.indices import j as J
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.algebra.walk import top_down, unfold
from symce.derivation.budget import DerivationError
from symce.derivation.model import Model, k, z
from symce.derivation.phases import CONTRACT, DIFFERENTIATE, JACOBIANS
from symce.derivation.proof import Builder, Kind, Proof, citation
from symce.derivation.tidy import tidy
from symce.rules.calculus import DEFINITION
from symce.rules.chain import CHAIN, inner_map
from symce.rules.dependence import entries, sigmoids, softmaxes
from symce.rules.rule import Rule
from symce.rules.sums import CONSTANT, DISTRIBUTE, LINEARITY, SUBSTITUTE
from symce.rules.sums import CONTRACT as CONTRACT_DELTA
from symce.rules.targets import effective_target, one_hot

#: what a derivation calls its result, and the partial derivatives on the way to it
TITLES = {
    "gradient": "the derivative with respect to the logits",
    "hessian": "the Hessian",
    "hvp": "the Hessian-vector product",
}
PARTIAL = {
    "gradient": "the partial derivative",
    "hessian": "the partial derivative of the gradient",
    "hvp": "the partial derivative of the gradient along v",
}


@dataclass(frozen=True)
class Derivative:
    """The derivative of a scalar with respect to one logit: the proofs in the order in which they cite each other.

    ``general`` holds for every target; ``corollary`` is general's result under the declared facts, where they make it
    shorter.
    """

    lemmas: tuple[Proof, ...]
    general: Proof
    corollary: Proof | None = None

    @property
    def proofs(self) -> tuple[Proof, ...]:
        return (*self.lemmas, self.general, *((self.corollary,) if self.corollary else ()))

    @property
    def final(self) -> Proof:
        """The shortest statement."""
        return self.corollary or self.general


def gradient(model: Model) -> Derivative:
    """dL/dz_j for the loss of a model.

    Raises DerivationError where the loss does not depend on the logits, or a rule of differentiation is missing.
    """
    derivative = differentiate(model, "gradient", model.named, J)
    if derivative.general.result == 0:
        raise DerivationError(
            f"loss {model.loss.name!r}: the value does not depend on the logits (its derivative is 0); "
            "write it in z[k], p[k] or s[k]"
        )
    corollary = under_facts(model, derivative, "corollary")
    return Derivative(derivative.lemmas, derivative.general, corollary)


def differentiate(model: Model, name: str, function: Expr, index: Index) -> Derivative:
    """d function / d z[index], with lemmas for the partial derivatives and, where there is an inner map, for the
    derivative with respect to the adjusted logits."""
    body = function.definition
    lemmas: list[Proof] = []
    rules: list[Rule] = []
    for proof in _partials(model, name, function, body):
        lemmas.append(proof)
        rules.append(_cite_partial(proof))
    mass = [_mass_lemma(name, q) for proof in lemmas for q in _effective_targets(proof.result)]
    if model.image is None:
        general = _through_softmax(model, name, function, z[index], rules, "theorem", TITLES[name])
    else:
        inner_rules = rules
        if softmaxes(body, model.logits) or sigmoids(body, model.logits) or entries(body, model.logits):
            inner = _through_softmax(
                model,
                f"{name}-adjusted",
                function,
                model.logits[index],
                rules,
                "lemma",
                f"{TITLES[name]} in the adjusted logits",
            )
            lemmas.append(inner)
            inner_rules = [*rules, _cite_statement(inner)]
        general = _through_map(model, name, function, index, inner_rules)
    return Derivative((*lemmas, *[m for m in mass if m is not None]), general)


def _index(variable: Expr) -> str:
    """The index of an entry of a vector, of softmax or of the sigmoid, as text."""
    entry = variable.args[0] if isinstance(variable, Sigmoid) else variable
    return str(entry.args[1] if isinstance(entry, Softmax) else entry.indices[0])


def _partials(model: Model, name: str, function: Expr, body: Expr) -> list[Proof]:
    """dF/dp_k, dF/ds_k and the direct part of dF/dz_j, as far as F depends on them."""
    found: list[tuple[str, Expr]] = []
    for vector in dict.fromkeys((model.logits, z)):
        suffix = "" if vector == model.logits else f"-of-{vector}"
        for letter, atoms, general in (
            ("p", softmaxes(body, vector), Softmax(vector, k)),
            ("s", sigmoids(body, vector), Sigmoid(vector[k])),
        ):
            if atoms:
                single = len(atoms) == 1 and not any(isinstance(s, Index) and s.is_bound for s in atoms[0].free_symbols)
                found.append((letter + suffix, atoms[0] if single else general))
        if entries(body, vector):
            found.append((str(vector), vector[k]))
    proofs = []
    for letter, variable in found:
        title = f"{PARTIAL[name]} in {letter.partition('-')[0]}_{_index(variable)}"
        builder = Builder(f"{name}-partial-{letter}", "lemma", title, Partial(function, variable))
        builder.apply(DEFINITION)
        builder.cycle(DIFFERENTIATE)
        if builder.current.has(Partial):
            left = sorted(str(n.function) for n in builder.current.atoms(Partial))
            raise DerivationError(f"no rule differentiates {left[0]} with respect to {variable}")
        free = isinstance(variable, Softmax) and variable.args[1] not in (C, J)
        if not (free and builder.apply(effective_target(variable))):
            tidy(builder)
        proofs.append(builder.proof())
    return proofs


def _effective_targets(expr: Expr) -> list[Named]:
    return sorted((n for n in expr.atoms(Named) if isinstance(n.label, Indexed)), key=lambda n: n.sort_key())


def _mass_lemma(name: str, q: Named) -> Proof | None:
    """sum_k q_k, where it comes out without a sum: what the effective target adds up to."""
    index = q.label.indices[0]
    statement = FiniteSum(q, index)
    builder = Builder(f"{name}-mass", "lemma", "the sum of the effective target", statement)
    builder.record(
        _UNFOLD,
        top_down(
            statement, lambda e: FiniteSum(unfold(e.open()[1]), e.open()[0]) if isinstance(e, FiniteSum) else None
        ),
    )
    builder.cycle((DISTRIBUTE, LINEARITY, CONTRACT_DELTA, CONSTANT))
    tidy(builder)
    return None if builder.current.has(FiniteSum) else builder.proof()


_UNFOLD = DEFINITION


def _through_softmax(
    model: Model, name: str, function: Expr, variable: Expr, rules: list[Rule], kind: Kind, title: str
) -> Proof:
    builder = Builder(name, kind, title, Total(function, variable))
    if not builder.apply(CHAIN):
        raise DerivationError(
            f"loss {model.loss.name!r}: the value does not depend on the logits; write it in z[k], p[k] or s[k]"
        )
    return _finish(builder, rules)


def _through_map(model: Model, name: str, function: Expr, index: Index, rules: list[Rule]) -> Proof:
    builder = Builder(name, "theorem", TITLES[name], Total(function, z[index]))
    builder.apply(inner_map(model.logits, z, k, model.image))
    return _finish(builder, rules)


def _finish(builder: Builder, rules: list[Rule]) -> Proof:
    for rule in (*rules, *JACOBIANS):
        builder.apply(rule)
    builder.cycle(DIFFERENTIATE, until=lambda e: not e.has(Partial))
    builder.cycle(CONTRACT, until=lambda e: not e.has(Product) and not _loose(e))
    builder.apply(SUBSTITUTE)
    builder.apply(CONSTANT)
    tidy(builder)
    if builder.current.has(Total, Partial, Product):
        raise DerivationError(f"{builder.name}: no rule applies to {builder.current}")
    return builder.proof()


def _loose(expr: Expr) -> bool:
    """Whether a sum still holds a delta of its own index, with another than the true class."""
    return any(
        any(s.bound in d.args and C not in d.args for d in s.args[0].atoms(KroneckerDelta))
        for s in expr.atoms(FiniteSum)
    )


def _cite_partial(proof: Proof) -> Rule:
    """The lemma as a rule, for any index in the place of the lemma's own."""
    function, variable = proof.statement.args
    own = _index_of(variable)

    def match(expr: Expr) -> Expr | None:
        if not (isinstance(expr, Partial) and expr.function == function and type(expr.variable) is type(variable)):
            return None
        other = _index_of(expr.variable)
        if expr.variable != variable.xreplace({own: other}):
            return None
        return proof.result.xreplace({own: other})

    return citation(proof, match)


def _cite_statement(proof: Proof) -> Rule:
    return citation(proof, lambda e: proof.result if e == proof.statement else None)


def _index_of(entry: Expr) -> Index:
    index: Index
    if isinstance(entry, Softmax):
        index = entry.args[1]
    elif isinstance(entry, Sigmoid):
        index = entry.args[0].indices[0]
    else:
        index = entry.indices[0]
    return index


def under_facts(model: Model, derivative: Derivative, name: str) -> Proof | None:
    """The theorem under what the loss declares of its target, where that makes it shorter."""
    general = derivative.general
    builder = Builder(name, "corollary", f"{general.title} for {_targets(model, derivative)}", general.statement)
    builder.record(citation(general, lambda _: None), general.result)
    facts: list[Rule] = list(model.facts)
    facts += [_cite_statement(lemma) for lemma in derivative.lemmas if lemma.name.endswith("-mass")]
    if model.loss.target == "index":
        facts.append(one_hot(IndexedBase("y", nonnegative=True)))
    tidy(builder, facts)
    for rule in facts:
        builder.apply(rule)
    tidy(builder, facts)
    return builder.proof() if len(builder.steps) > 1 else None


def _targets(model: Model, derivative: Derivative) -> str:
    """What a corollary says of the target."""
    if any(lemma.name.endswith("-mass") for lemma in derivative.lemmas):
        return "this target"
    return "a one-hot target" if model.loss.target == "index" else "targets that sum to one"

"""How proofs and derivations show themselves in a notebook: statement, numbered steps with their rules, result.

Drawn with the mathematics alone, so that it is there wherever a derivation is. The whole page of a loss, with the
meaning of every letter and the law of every rule, is a document: ``symce.documents``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Expr, Indexed

from symce.algebra.indices import ClassIndex, c
from symce.algebra.latex import latex
from symce.algebra.letters import Symbols
from symce.algebra.lines import latex_lines
from symce.algebra.nodes import Named
from symce.derivation.model import k
from symce.derivation.proof import CITATION, Proof
from symce.rules import CATALOGUE

if TYPE_CHECKING:
    from symce.derivation.derive import Derivation

#: what a formula may take of a cell, in em, beside the name of its rule
CELL = 34.0


def proof_latex(proof: Proof, symbols: Symbols | None = None) -> str:
    """A proof as one display of LaTeX: a line a step, the rule's name beside it; without steps, what is proved."""
    left = latex(proof.statement, symbols)
    if not proof.steps:
        return _display(f"{left} = {latex(proof.result, symbols)}")
    rows = []
    for number, step in enumerate(proof.steps, start=1):
        first, *rest = latex_lines(step.expr, CELL, symbols)
        rule = step.rule.removeprefix(CITATION)
        by = rf"\text{{({number}) {'by ' if rule != step.rule else ''}{rule}}}"
        rows.append(f"{left if number == 1 else ''} &= {first} && {by}".strip())
        rows += [rf"&\quad {line}" for line in rest]
    return _display("\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}")


def proof_markdown(proof: Proof, symbols: Symbols | None = None) -> str:
    """A proof as Markdown: its kind, name and subject, what it assumes and states, and its steps."""
    lines = [f"**{proof.kind.capitalize()}** ({proof.name}): {proof.title}."]
    if proof.assumptions:
        laws = (r.law for name in proof.assumptions for r in CATALOGUE.values() if r.assumes == name)
        lines.append(f"Assuming {', '.join(f'${_equation(*law, symbols)}$' for law in laws)}:")
    lines.append(_statement(proof, symbols))
    if proof.steps:
        lines += ["*Proof.*", proof_latex(proof, symbols)]
    return "\n\n".join(lines) + "\n"


def derivation_latex(derivation: Derivation) -> str:
    """The loss, and the proofs of its gradient, each as a display of LaTeX."""
    symbols = _symbols(derivation)
    shown = [proof_latex(proof, symbols) for proof in derivation.gradient.proofs]
    return "\n\n".join([*_stated(derivation), *shown])


def derivation_markdown(derivation: Derivation) -> str:
    """The loss, the proofs of its gradient, and the results of the others, as Markdown."""
    symbols = _symbols(derivation)
    lines = [f"### Loss `{derivation.loss.name}`", *_stated(derivation)]
    lines += [proof_markdown(proof, symbols).rstrip() for proof in derivation.gradient.proofs]
    rest = [*derivation.linear, *([derivation.hvp.final] if derivation.hvp else [])]
    lines.append("**Derived from it**, each with a proof of its own:")
    lines += ["\n".join(f"- {proof.title}: {_statement(proof, symbols)}" for proof in rest)]
    return "\n\n".join(lines) + "\n"


def _stated(derivation: Derivation) -> list[str]:
    """What the loss is, and what its inner map is, where it has one."""
    symbols, model = _symbols(derivation), derivation.model
    shown = [_display(_equation(model.named.label, model.named.definition, symbols))]
    if model.image is not None:
        shown.append(_display(_equation(model.logits[k], model.image, symbols)))
    return shown


def _statement(proof: Proof, symbols: Symbols | None) -> str:
    """statement = result, and what the names in the result stand for."""
    names = {latex(n.label, symbols): n for n in map(_entry, proof.result.atoms(Named))}
    where = [f"${_equation(names[label].label, names[label].definition, symbols)}$" for label in sorted(names)]
    shown = f"$\\displaystyle {_equation(proof.statement, proof.result, symbols)}$"
    return f"{shown}, where {', '.join(where)}" if where else shown


def _entry(name: Named) -> Named:
    """What is named, at the index k: q_j, and q_l under a sum, are explained once."""
    indices = name.label.free_symbols & {*name.label.indices} if isinstance(name.label, Indexed) else set()
    entry: Named = name.xreplace({i: k for i in indices if isinstance(i, ClassIndex) and i != c})
    return entry


def _equation(left: Expr, right: Expr, symbols: Symbols | None) -> str:
    return f"{latex(left, symbols)} = {latex(right, symbols)}"


def _display(formula: str) -> str:
    return f"$${formula}$$"


def _symbols(derivation: Derivation) -> dict[str, str]:
    """The letters that a loss gives to its parameters."""
    return {p.name: p.symbol for p in derivation.loss.params if p.symbol}

"""A proof as a theorem of Coq with its steps; or the steps alone, each as a lemma, where one of them has no tactic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Any

from symce.check.coq.layout import LINE, WIDTH, brackets, cat, group, layout, nest
from symce.check.coq.needs import Needs
from symce.check.coq.scope import Letters, Scope
from symce.check.coq.shapes import Shapes
from symce.check.coq.statement import Statement, related, says, statement
from symce.check.coq.terms import function, term
from symce.check.document import KINDS, Document, Node

_STEPS = {"=": "", "<=": "_le", ">=": "_ge"}


def theorem(
    document: Document, data: Mapping[str, Any], frame: Statement, name: str, tactics: Sequence[str]
) -> dict[str, object]:
    """What the template says of a proof all of whose steps have a tactic."""
    first, last = document.lines[0].expr, document.lines[-1].expr
    kind = str(data.get("kind", "theorem")).capitalize()
    kind = kind if kind in ("Lemma", "Theorem", "Corollary") else "Theorem"
    claim = says(first, document.relation, last, frame.scope)
    opening = "certify_derivative" if first.op in ("total", "partial") and document.relation == "=" else "certify"
    steps = []
    for number, (line, tactic) in enumerate(zip(document.lines[1:], tactics, strict=True), 1):
        suffix = _STEPS[line.relation]
        if number < len(tactics):
            text = cat(f"step{suffix} {number} ", brackets(term(line.expr, frame.scope)), f" by {_argument(tactic)}.")
        else:
            text = cat(f"result{suffix} {number} by {_argument(tactic)}.")
        steps += [_remark(line.why), layout(nest(text), indent=2)]
    return {"theorem": layout(frame.theorem(f"{kind} {name}", claim)), "opening": opening, "steps": steps, "lemmas": []}


def lemmas(document: Document, frame: Statement, name: str, tactics: Sequence[str | None]) -> dict[str, object]:
    """What the template says of a proof with a step that has no tactic."""
    found = []
    for number, tactic in enumerate(tactics, 1):
        if tactic is not None:
            before, line = document.lines[number - 1 : number + 1]
            claim = related(before.expr, line.relation, line.expr, frame.scope)
            text = layout(frame.theorem(f"Lemma {name}_step_{number}", claim))
            step = f"result{_STEPS[line.relation]} {number} by {_argument(tactic)}"
            found.append(f"{text}\nProof. certify. {step}. Qed.")
    return {"theorem": "", "opening": "", "steps": [], "lemmas": found}


def along_curves(document: Document, letters: Letters, shape: Shapes, need: Needs, name: str) -> list[str]:
    """For a theorem on dL/dz_j: L has the gradient that the theorem gives, along every curve of logits.

    That is what the theorems on batches suppose of the loss of a sample.
    """
    stated = document.lines[0].expr
    if stated.op != "total" or len(stated.args[1].names) != 2:
        return []
    vector, index = stated.args[1].names
    if vector in document.definitions or index not in document.indices or index in stated.args[0].free:
        return []
    others = {other: kind for other, kind in document.indices.items() if other != index}
    frame = statement(replace(document, indices=others), letters, shape, need)
    logits = letters.identifiers[vector]
    slope = term(document.lines[-1].expr, Scope(letters, {i: i for i in document.indices}))
    parts = (
        KINDS[document.indices[index]],
        function(logits, term(stated.args[0], frame.scope)),
        logits,
        function(index, slope),
    )
    claim = group("has_gradient", nest(*(piece for part in parts for piece in (LINE, part))))
    text = layout(frame.theorem(f"Lemma {name}_along_curves", claim))
    return [f"{text}\n{proof_by(f'along_curves_by {name}')}"]


def proof_by(tactic: str) -> str:
    """A proof by one tactic."""
    short = f"Proof. {tactic}. Qed."
    return short if len(short) <= WIDTH else f"Proof.\n  {tactic}.\nQed."


def kinked(node: Node) -> bool:
    """Whether there is a derivative in it, not yet taken, of a function with a kink: of which Coq's ``Derive`` is some
    number at the kink, and no rule holds for that."""
    if node.op in ("total", "partial"):
        return any(n.op in ("where", "abs", "sign") for n in node.args[0].walk())
    return any(kinked(arg) for arg in node.args)


def comment(text: str) -> str:
    """Text that can stand in a comment of Coq, which reads strings and comments in it."""
    return text.replace('"', "'").replace("(*", "( *").replace("*)", "* )")


def _argument(tactic: str) -> str:
    """A tactic as the argument of another."""
    return f"({tactic})" if " " in tactic else tactic


def _remark(text: str) -> str:
    """A comment in a proof."""
    return "\n".join(wrap(comment(text), WIDTH - 2, initial_indent="(* ", subsequent_indent="     ")) + " *)"

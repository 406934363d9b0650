"""Are the rows of a batch's gradient G what they are said to be? This takes the proof of one sample that is cited.

The proof of a batch is about *some* loss of a sample, whose derivatives are the rows of G, and may define G_ij in a
closed form: (P_ij - Y_ij) / T, say. Of itself it cannot tell whether that is the derivative of the loss that the file
is about. Here the letters in capitals are taken for what they stand for in a row: P for the softmax of the cited proof,
S for the sigmoid, Y, Q and so on for y, q, .... What results has to be the derivative that the cited proof is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from symce.check.document import DocumentError
from symce.check.proof import check_proof
from symce.check.report import Problem, Report

Json = Any


def check_rows(proof: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]], report: Report) -> Report:
    """The report on a proof with what the proofs in the same file, by their names, say of its G.

    A proof that defines no such letter, or cites nothing that is there, is as it was. Both proofs have been read.
    """
    definition = _closed_form(proof)
    cited = next((p for p in _cited(proof, others) if p["statement"][0] == "total" and not _opaque(p)), None)
    if definition is None or cited is None:
        return report
    letter = definition["name"][1]
    try:
        row = _row(proof, definition, cited)
        found = check_proof(row)
    except DocumentError as error:
        problem = Problem(f"the rows of {letter} are not those of {cited['name']!r}: {error}")
        return replace(report, problems=(*report.problems, problem))
    problems = tuple(
        replace(p, message=f"the rows of {letter} are not the derivative in {cited['name']!r}: {p.message}", step=None)
        for p in found.problems
    )
    return replace(
        report,
        problems=(*report.problems, *problems),
        comparisons=report.comparisons + found.comparisons,
        needless=tuple(a for a in report.needless if a in found.needless),
    )


def _opaque(proof: Mapping[str, Any]) -> bool:
    """Whether a proof is about some function."""
    return any("through" in d for d in proof["definitions"])


def _closed_form(proof: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The definition of the letter that is the slope of some function."""
    slopes = {d["slope"][1] for d in proof["definitions"] if d.get("slope", [""])[0] == "entry"}
    return next((d for d in proof["definitions"] if d["name"][1] in slopes and "value" in d), None)


def _cited(proof: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The proofs that a proof cites, and those that these cite, the nearest first."""
    waiting, seen = list(proof["cites"]), set()
    while waiting:
        name = waiting.pop(0)
        if name in others and name not in seen:
            seen.add(name)
            yield others[name]
            waiting += others[name]["cites"]


def _row(proof: Mapping[str, Any], definition: Mapping[str, Any], cited: Mapping[str, Any]) -> dict[str, Any]:
    """That the derivative of the cited proof is the definition, of one sample: as a proof of one step."""
    (*_, column), index = definition["name"], cited["statement"][2][-1]
    value = _of_a_sample(definition["value"], column, index, cited)
    if any(e[0] in ("entry", "softmax") and e[2] not in (index, *_bound(value)) for e in _nodes(value)):
        raise DocumentError("they depend on more than one entry")
    return {
        **cited,
        "assumptions": proof["assumptions"],
        "domains": {**proof["domains"], **cited["domains"]},
        "cites": [cited["name"]],
        "steps": [{"rule": f"by-{cited['name']}", "why": "one row of a batch is one sample", "expr": value}],
        "result": value,
    }


def _of_a_sample(expr: Json, column: str, index: str, cited: Mapping[str, Any]) -> Json:
    if not isinstance(expr, list):
        return expr
    if expr[0] == "entry" and len(expr) == 4:
        return _letter(expr[1], index if expr[3] == column else expr[3], cited)
    return [_of_a_sample(e, column, index, cited) for e in expr]


def _letter(capital: str, index: str, cited: Mapping[str, Any]) -> Json:
    """What an entry in a row stands for. Raises DocumentError for a letter that the cited proof does not know."""
    letter, known = capital.lower(), [*_nodes(cited["result"]), *_nodes(cited["statement"])]
    if capital == "P":
        vector = next((e[1] for e in known if e[0] == "softmax"), None)
        if vector is not None:
            return ["softmax", vector, index]
    if capital == "S" and any(e[0] == "sigmoid" for e in known):
        return ["sigmoid", ["entry", cited["statement"][2][1], index]]
    for e in known:
        if e[0] == "named" and e[1][:2] == ["entry", letter]:
            return _renamed(e[2], e[1][2], index)
    if letter in cited["domains"]:
        return ["entry", letter, index]
    raise DocumentError(f"it does not say what the rows of {capital} are")


def _renamed(expr: Json, old: str, new: str) -> Json:
    """Another name for an index that is not bound."""
    if not isinstance(expr, list):
        return expr
    if expr[0] in ("sum", "prod", "lse") and expr[1] == old:
        return expr
    if expr[0] in ("entry", "softmax", "delta"):
        head = 1 if expr[0] == "delta" else 2
        return [*expr[:head], *(new if e == old else e for e in expr[head:])]
    return [_renamed(e, old, new) for e in expr]


def _nodes(expr: Json) -> Iterator[list[Json]]:
    """All expressions in one, the names of names left out."""
    if isinstance(expr, list) and expr and isinstance(expr[0], str):
        yield expr
        for e in expr[2:] if expr[0] == "named" else expr[1:]:
            yield from _nodes(e)


def _bound(expr: Json) -> Iterable[str]:
    return {e[1] for e in _nodes(expr) if e[0] in ("sum", "prod", "lse")}

"""Ways to spoil a proof: its expressions (edits.py), and what stands around them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from check.edits import EDITS, Scene, num, walk, with_line, without

from symce.check.document import KINDS
from symce.check.reading import DOMAINS
from symce.check.rules import known_rules

#: the most mutants of one document by one kind
PLACES = 16


@dataclass(frozen=True)
class Mutant:
    """A spoiled document; ``steps`` are those whose lines have changed, all if None."""

    kind: str
    document: dict
    steps: tuple[int, ...] | None = None


def _edited(document: dict) -> Iterator[Mutant]:
    """Every kind of edit at a few places of the lines each, chosen by the names of the document and the kind."""
    scene = Scene.of(document)
    found: dict[str, list] = {kind: [] for kind in EDITS}
    for number, line in enumerate([document["statement"], *(s["expr"] for s in document["steps"])]):
        for node, path, scope in walk(line, document["indices"]):
            for kind, editor in EDITS.items():
                found[kind] += [(number, path, new) for new in editor(node, scope, scene)]
    for kind, candidates in found.items():
        random = Random(f"{document['name']} {kind}")
        for number, path, new in random.sample(candidates, min(PLACES, len(candidates))):
            yield Mutant(kind, with_line(document, number, path, new), (number, number + 1))


def _with_steps(document: dict, steps: list) -> dict:
    return {**document, "steps": steps}


def _exchanged(document):
    steps = document["steps"]
    for n in range(len(steps) - 1):
        swapped = [*steps[:n], steps[n + 1], steps[n], *steps[n + 2 :]]
        yield {**_with_steps(document, swapped), "result": swapped[-1]["expr"]}


def _step_left_out(document):
    steps = document["steps"]
    yield from (_with_steps(document, without(steps, n)) for n in range(len(steps) - 1))


def _last_step_removed(document):
    yield _with_steps(document, document["steps"][:-1])


def _doubled(document):
    steps = document["steps"]
    yield from (_with_steps(document, [*steps[: n + 1], *steps[n:]]) for n in range(len(steps)))


def _step_with(document: dict, n: int, **changes: str) -> dict:
    steps = document["steps"]
    return _with_steps(document, [*steps[:n], {**steps[n], **changes}, *steps[n + 1 :]])


def _no_such_rule(document):
    yield from (_step_with(document, n, rule="by-magic") for n in range(len(document["steps"])))


def _another_rule(document):
    for n, step in enumerate(document["steps"]):
        names = [r for r in sorted(known_rules()) if r != step["rule"]]
        for other in Random(f"{document['name']} {n}").sample(names, 8):
            yield _step_with(document, n, rule=other)


def _unassumed_rule(document):
    rules = sorted(r.name for r in known_rules().values() if r.assumes - {*document["assumptions"]})
    for n, step in enumerate(document["steps"]):
        yield _step_with(document, n, rule=Random(f"{n} {step['rule']}").choice(rules))


def _relation(document):
    for n, step in enumerate(document["steps"]):
        here = step.get("relation", "=")
        yield from (_step_with(document, n, relation=other) for other in ("=", "<=", ">=") if other != here)


def _statement(document):
    yield {**document, "statement": ["mul", num(2), document["statement"]]}


def _result(document):
    yield {**document, "result": ["mul", num(2), document["result"]]}


def _without(field: str) -> Callable[[dict], Iterator[dict]]:
    def mutate(document):
        yield from ({**document, field: without(document[field], n)} for n in range(len(document[field])))

    return mutate


def _domain(document):
    for letter, domain in sorted(document["domains"].items()):
        for other in DOMAINS:
            if other != domain:
                yield {**document, "domains": {**document["domains"], letter: other}}


def _kind_of_index(document):
    for index, kind in sorted(document["indices"].items()):
        for other in sorted(KINDS):
            if other != kind:
                yield {**document, "indices": {**document["indices"], index: other}}


def _definition(document):
    for n, entry in enumerate(document["definitions"]):
        part = "value" if "value" in entry else "slope"
        for changed in (["mul", num(2), entry[part]], ["mul", num(-1), entry[part]]):
            definitions = list(document["definitions"])
            definitions[n] = {**entry, part: changed}
            yield {**document, "definitions": definitions}


def _definition_removed(document):
    yield from (
        {**document, "definitions": without(document["definitions"], n)} for n in range(len(document["definitions"]))
    )


def _rows(document):
    """The rows of a batch's gradient with other letters, throughout: P for Y and Y for P."""
    letters = {d["name"][1] for d in document["definitions"]}
    text = json.dumps(document)
    for one, other in (("P", "Y"), ("S", "Y"), ("P", "Q")):
        if "G" in letters and f'"{one}"' in text and f'"{other}"' in text:
            yield json.loads(
                text.replace(f'"{one}"', '"%"').replace(f'"{other}"', f'"{one}"').replace('"%"', f'"{other}"')
            )


def _another_version(document):
    yield {**document, "version": document["version"] + 1}


#: kinds that change the proof around its expressions
OTHERS: dict[str, Callable[[dict], Iterator[dict]]] = {
    "statement doubled": _statement,
    "result replaced": _result,
    "assumption removed": _without("assumptions"),
    "citation removed": _without("cites"),
    "definition of a letter": _definition,
    "definition removed": _without("definitions"),
    "rows of other letters": _rows,
    "domain of a letter": _domain,
    "kind of an index": _kind_of_index,
    "relation of a step": _relation,
    "steps exchanged": _exchanged,
    "step left out": _step_left_out,
    "last step removed": _last_step_removed,
    "step doubled": _doubled,
    "rule that does not exist": _no_such_rule,
    "rule of another name": _another_rule,
    "rule without its assumption": _unassumed_rule,
    "another version of the format": _another_version,
}


def mutants(document: dict, wanted: int) -> list[Mutant]:
    """So many different mutants, of each kind as many as of any other as far as there are that many."""
    queues: dict[str, list[Mutant]] = {kind: [] for kind in (*EDITS, *OTHERS)}
    for mutant in _edited(document):
        queues[mutant.kind].append(mutant)
    for kind, mutate in OTHERS.items():
        found = [Mutant(kind, spoiled) for spoiled in mutate(document)]
        queues[kind] = Random(f"{document['name']} {kind}").sample(found, min(PLACES, len(found)))
    chosen: dict[str, Mutant] = {}
    while len(chosen) <= wanted and any(queues.values()):
        for queue in filter(None, queues.values()):
            mutant = queue.pop(0)
            chosen.setdefault(json.dumps(mutant.document), mutant)
    chosen.pop(json.dumps(document), None)
    return list(chosen.values())[:wanted]

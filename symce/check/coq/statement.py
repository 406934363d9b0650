"""A proof's statement as a theorem's: what it is about, what it supposes, what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symce.check.coq.layout import END, LINE, Text, cat, group, nest
from symce.check.coq.names import LETTERS, fresh
from symce.check.coq.needs import Needs
from symce.check.coq.scope import Letters, Scope, apply, atom
from symce.check.coq.shapes import Shapes
from symce.check.coq.terms import ADDITION, ATOM, curve, term, vector_of
from symce.check.document import KINDS, Document, Node
from symce.check.sampling import ASSUMPTIONS


@dataclass(frozen=True)
class Statement:
    """What a theorem of Coq is about (``binders``) and supposes; ``scope`` is where its terms stand."""

    scope: Scope
    binders: Text
    hypotheses: Sequence[Text]

    def theorem(self, head: str, claim: Text) -> Text:
        """The theorem, up to the full stop."""
        supposed = [part for n, h in enumerate(self.hypotheses) for part in ((LINE, h, " ->") if n else (h, " ->"))]
        before = [group(*supposed), LINE] if supposed else []
        return cat(group(head, self.binders, " :"), nest(END, group(*before, claim, ".")))


def statement(document: Document, letters: Letters, shape: Shapes, need: Needs) -> Statement:
    """The frame of a proof's theorem. ``need`` is what the proof needs, and all those that it rests on."""
    free = {index: index for index in document.indices}
    scope = Scope(letters, free)
    return Statement(scope, _binders(document, letters, shape), list(_hypotheses(document, scope, shape, need)))


def says(before: Node, relation: str, after: Node, scope: Scope) -> Text:
    """The first expression has that relation to the second; of a derivative also that it exists."""
    if before.op in ("total", "partial") and relation == "=":
        function, point = curve(before, scope)
        parts = (function, point, term(after, scope, ATOM))
        return group("is_derive", nest(*(p for part in parts for p in (LINE, part))))
    return related(before, relation, after, scope)


def related(before: Node, relation: str, after: Node, scope: Scope) -> Text:
    """The first expression has that relation to the second."""
    return group(term(before, scope, ADDITION), LINE, relation, " ", nest(term(after, scope, ADDITION)))


def _binders(document: Document, letters: Letters, shape: Shapes) -> Text:
    """The variables, those of one type together."""
    groups: dict[str, list[str]] = {"nat": [size for size in ("K", "N", "D") if size in shape.sizes]}
    if shape.true_classes:
        groups["nat -> nat"] = [letters.true_class]
    for letter in sorted(shape.ranks):
        definition = document.definitions.get(letter)
        if definition is None or definition.value is None:
            last = "" if definition is None else "(nat -> R) -> "
            kind = vector_type(shape.ranks[letter], last)
            groups.setdefault(kind, []).append(letters.identifiers[letter])
    return binders([*groups.items(), ("nat", list(document.indices))])


def vector_type(rank: Sequence[str], last: str = "") -> str:
    """The type of what has these indices, and perhaps one more argument."""
    return "nat -> " * len(rank) + last + "R"


def binders(groups: Sequence[tuple[str, Sequence[str]]]) -> Text:
    """Variables with their types."""
    parts = [f"({' '.join(names)} : {kind})" for kind, names in groups if names]
    return nest(*(p for part in parts for p in (LINE, part)))


def _hypotheses(document: Document, scope: Scope, shape: Shapes, need: Needs) -> list[Text]:
    found: list[Text] = []
    least = 2 if need.two_classes or shape.second_class else 0
    if "two-classes" in document.assumptions:
        found.append("K = 2%nat")
    elif "K" in shape.sizes:
        found.append("(2 <= K)%nat" if least else "(0 < K)%nat")
    found += [f"(0 < {size})%nat" for size in ("N", "D") if size in shape.sizes]
    found += [f"({index} < {KINDS[kind]})%nat" for index, kind in document.indices.items()]
    if shape.true_classes:
        name = fresh(LETTERS["sample"], scope.taken)
        found.append(f"(forall {name}, ({name} < N)%nat -> ({scope.letters.true_class} {name} < K)%nat)")
    for letter in sorted(document.domains):
        if letter in shape.ranks and letter in need.domains | need.positive:
            found += _domain(letter, document.domains[letter], scope, shape, need)
    for name in document.assumptions:
        found += _assumption(name, scope)
    for letter, definition in document.definitions.items():
        if definition.through is not None and definition.slope is not None:
            found.append(_differentiable(letter, document, scope, shape))
    return found


_DOMAINS = {
    ("nonnegative", False): "0 <= {}",
    ("nonnegative", True): "0 < {}",
    ("positive", False): "0 < {}",
    ("positive", True): "0 < {}",
    ("unit", False): "0 <= {} <= 1",
    ("unit", True): "0 < {} <= 1",
    ("real", True): "{} <> 0",
}


def _domain(letter: str, domain: str, scope: Scope, shape: Shapes, need: Needs) -> list[Text]:
    form = _DOMAINS.get((domain, letter in need.positive))
    if form is None:
        return []
    names: list[str] = []
    kinds = shape.ranks[letter]
    for kind in kinds:
        names.append(fresh(LETTERS[kind], {*scope.taken, *names}))
    said = form.format(" ".join([scope.letters.identifiers[letter], *names]))
    if not names:
        return [said]
    ranges = "".join(f"({name} < {KINDS[kind]})%nat -> " for name, kind in zip(names, kinds, strict=True))
    return [f"(forall {' '.join(names)}, {ranges}{said})"]


def _assumption(name: str, scope: Scope) -> list[Text]:
    letter = ASSUMPTIONS.get(name)
    if not letter:
        return []
    index = fresh(LETTERS["class"], scope.taken)
    vector = scope.letters.identifiers.get(letter)
    if vector is None:
        return []
    if name == "predicted-target":
        logits = atom(scope.vector("z"))
        return [cat(f"(forall {index}, ({index} < K)%nat -> {vector} {index} = softmax K ", logits, f" {index})")]
    return [f"\\sum_({index} < K) {vector} {index} = 1"]


def _differentiable(letter: str, document: Document, scope: Scope, shape: Shapes) -> Text:
    """A letter that is some function of others is a differentiable one, with that slope."""
    definition = document.definitions[letter]
    assert definition.through is not None
    assert definition.slope is not None
    places: dict[str, str] = {}
    for index, kind in zip(definition.indices, shape.ranks[letter], strict=True):
        places[index] = fresh(LETTERS[kind], {*scope.taken, *places.values()})
    inner = Scope(scope.letters, {**scope.indices, **places})
    function = " ".join([scope.letters.identifiers[letter], *places.values()])
    through, slope = (atom(vector_of(definition.over, p, inner)) for p in (definition.through, definition.slope))
    ranges = [f" ({n} < {KINDS[kind]})%nat ->" for n, kind in zip(places.values(), shape.ranks[letter], strict=True)]
    size = KINDS[definition.over[1]]
    return group(
        f"(forall {' '.join(places.values())},{''.join(ranges)}",
        nest(LINE, apply("has_gradient", size, f"({function})", through, slope), ")"),
    )

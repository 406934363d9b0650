"""From the texts of a loss to their syntax trees.

The texts are never evaluated, compiled or handed to SymPy: ``symce.language.reader`` has an allow-list, and refuses
the rest with its place and what would be allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symce.language import grammar as G
from symce.language import tree as T
from symce.language.errors import Source
from symce.language.reader import Parser

if TYPE_CHECKING:
    from symce.losses.loss import Loss


def _parser(loss: Loss, field_name: str, text: str, *, logits: bool, free: frozenset[str]) -> Parser:
    vectors: dict[str, str | None] = {}
    for name, kinds in G.VECTORS.items():
        refusal = None
        if logits and name != "z":
            refusal = "An inner map is written in z[k], parameters and K."
        elif kinds is not None and loss.target not in kinds:
            refusal = f"It goes with target = {' or '.join(map(repr, kinds))}; here it is {loss.target!r}."
        vectors[name] = refusal
    vectors.update({p.name: None for p in loss.params if p.shape})
    scalars = frozenset(p.name for p in loss.params if not p.shape)
    source = Source(loss.source_file, field_name, text, *loss.places.get(field_name, (1, 1)))
    return Parser(source, vectors, scalars, free, sums=not logits)


def _true_class(loss: Loss) -> frozenset[str]:
    return frozenset({"c"}) if loss.target == "index" else frozenset()


def value_parser(loss: Loss) -> Parser:
    """The parser of a loss's value."""
    return _parser(loss, "value", loss.value, logits=False, free=_true_class(loss))


def logits_parser(loss: Loss) -> Parser:
    """The parser of a loss's inner map, with the index k free."""
    return _parser(loss, "logits", loss.logits, logits=True, free=frozenset({"k"}))


def parse_value(loss: Loss) -> T.Tree:
    """The syntax tree of a loss's value. Raises LossError."""
    return value_parser(loss).parse()


def parse_logits(loss: Loss) -> T.Tree:
    """The syntax tree of a loss's inner map, with its index k free. Raises LossError."""
    return logits_parser(loss).parse()


def parse_expected(loss: Loss) -> T.Tree | None:
    """The syntax tree of the closed form that a loss expects of dL/dz[j], with j free; None if it expects none."""
    if loss.expected is None:
        return None
    return _parser(loss, "expected", loss.expected, logits=False, free=_true_class(loss) | {"j"}).parse()

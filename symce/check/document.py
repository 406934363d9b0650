"""What a proof is to the checker: expressions, definitions, lines. See docs/proof-format.md; reading.py reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

#: what an index runs over, and the letter of how many there are
KINDS = {"class": "K", "sample": "N", "feature": "D"}


class DocumentError(ValueError):
    """A document does not follow the format; the message says where and what is allowed."""


@dataclass(frozen=True, eq=False)
class Node:
    """An expression. ``names`` are the strings at its head (a vector and its indices, a bound index and its kind, ...);
    ``free`` its free indices, sorted; ``marks`` what it is written in: "z" for entries of z, "p:z" for entries of
    softmax(z), "s:z" for sigma(z_k), with nothing below these two.
    """

    op: str
    names: tuple[str, ...]
    args: tuple[Node, ...]
    free: tuple[str, ...]
    marks: frozenset[str]
    #: of values of indices those of the free ones
    at: Callable[[Mapping[str, int]], object] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", itemgetter(*self.free) if self.free else _nowhere)

    def walk(self) -> Iterator[Node]:
        """The node and all below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()


def _nowhere(env: Mapping[str, int]) -> None:
    """The place of an expression that has no free index."""


@dataclass(frozen=True)
class Definition:
    """What the entries of a vector stand for.

    Either ``value``; or some function of the entries ``through`` (over the index ``over``) with partial derivatives
    ``slope``.
    """

    indices: tuple[str, ...]
    value: Node | None = None
    through: Node | None = None
    over: tuple[str, str] = ("", "")
    slope: Node | None = None


@dataclass(frozen=True)
class Claim:
    """A name that says something: an expression called dL/dz_j has to be that. ``kinds``: of its free indices."""

    line: int
    name: Node
    value: Node
    kinds: Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One line of the proof; the statement is line 0 and has no rule. The line before is ``relation`` this one."""

    expr: Node
    rule: str = ""
    why: str = ""
    relation: str = "="


@dataclass(frozen=True)
class Document:
    """A proof."""

    name: str
    indices: Mapping[str, str]
    domains: Mapping[str, str]
    assumptions: tuple[str, ...]
    cites: tuple[str, ...]
    definitions: Mapping[str, Definition]
    lines: tuple[Line, ...]
    claims: tuple[Claim, ...]
    #: the result is, as JSON, what the last line holds
    ends_in_result: bool

    @property
    def relation(self) -> str:
        """What holds between statement and result."""
        return next((line.relation for line in self.lines if line.relation != "="), "=")

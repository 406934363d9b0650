"""What a loss is: a declaration, stated once, from which everything else is derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from symce.language.declaration import check_loss
from symce.language.parse import parse_expected, parse_logits, parse_value
from symce.language.tree import Tree

#: index: the true class c.  distribution: y[k], sums to one.  weights: y[k], any.  multilabel: s[k] and y[k] in [0, 1].
#: none: the loss has no target (an entropy).
TargetKind = Literal["index", "distribution", "weights", "multilabel", "none"]
Domain = Literal["real", "nonnegative", "positive", "unit"]
#: "": one number.  "K": one value a class (a number is broadcast).  "NxK": one value a sample and class, as the logits.
ParamShape = Literal["", "K", "NxK"]


@dataclass(frozen=True)
class Param:
    """A parameter of a loss: a number, or one number a class, or one a sample and class.

    ``default`` is a number, or None where the caller must give the parameter.
    ``symbol`` is how LaTeX prints it (a Greek name prints as its letter on its own).
    """

    name: str
    domain: Domain = "real"
    default: float | None = None
    shape: ParamShape = ""
    doc: str = ""
    symbol: str = ""


@dataclass(frozen=True)
class Loss:
    """A loss for one sample, stated in the language of ``symce.language``.

    Raises LossError (a ValueError) with line, column and remedy where a field does not follow the grammar.
    """

    name: str
    title: str
    target: TargetKind
    value: str
    params: tuple[Param, ...] = ()
    logits: str = "z[k]"
    reference: str = ""
    doc: str = ""
    #: the textbook closed form of dL/dz[j], which the derivation must reach; never used to produce it
    expected: str | None = field(default=None, compare=False)
    #: where the declaration stands: the file, and for each of its texts the line and column of the first character
    source_file: str = field(default="", compare=False, repr=False)
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", tuple(self.params))
        if not self.source_file:
            object.__setattr__(self, "source_file", f"<loss {ascii(self.name)[:60].strip(chr(39))}>")
        check_loss(self)

    @cached_property
    def statement(self) -> Tree:
        """The syntax tree of ``value``."""
        return parse_value(self)

    @cached_property
    def inner_map(self) -> Tree:
        """The syntax tree of ``logits``, with the index k free."""
        return parse_logits(self)

    @cached_property
    def expectation(self) -> Tree | None:
        """The syntax tree of ``expected``, with the index j free; None if nothing is expected."""
        return parse_expected(self)

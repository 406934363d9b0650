"""``show``: the proofs of one loss or chapter, to read in a terminal."""

from __future__ import annotations

import shutil
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from symce.cli.arguments import AsJson
from symce.cli.errors import Fails
from symce.cli.output import say, say_json, speaks_unicode
from symce.cli.selection import selection

if TYPE_CHECKING:
    from symce.documents.view import Document

#: the width of a page where nobody says what a line holds, and the widest that is pleasant to read
PAGE = 110


class Section(StrEnum):
    """What of a derivation is shown."""

    gradient = "gradient"
    linear_layer = "linear-layer"
    hessian = "hessian"
    hvp = "hvp"
    all = "all"


def command(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.toml", help="A loss, or a chapter of theorems.")],
    section: Annotated[Section, typer.Option("--section", help="The part of a loss's derivation.")] = Section.gradient,
    ascii: Annotated[bool, typer.Option("--ascii", help="ASCII only: p[j] - y[j].")] = False,
    why: Annotated[bool, typer.Option("--why/--no-why", help="With the reason of every step.")] = True,
    as_json: AsJson = False,
) -> int:
    """Show the derivation of a loss: every step, and the name of its rule.

    Statements that the section cites come with it. Below stand the rules by which the kernel keeps its digits.
    """
    chosen = selection([name])

    # SymPy takes half a second to import: not for a misspelt name
    from symce.cli.artifacts import Derived
    from symce.cli.chapters import chapter_data, document
    from symce.documents.terminal import render_rules, render_terminal
    from symce.kernel.stability import CATALOGUE

    followed: list[tuple[str, str]] = []
    problem = ""
    if chosen.losses:
        derived = Derived(chosen.losses[0])
        page, data = derived.page(), derived.proofs
        if section is not Section.all:
            page = _part(page, [s.title for s in derived.derivation.sections if s.name == section])
            data = {**data, "proofs": [p for p in data["proofs"] if p["name"] in page.items]}
        try:
            followed = [(name, CATALOGUE[name].why) for name in derived.kernel.stability]
        except Fails as error:
            problem = str(error)  # a loss has its proofs all the same
        data = {**data, "computed_by": [{"rule": name, "why": reason} for name, reason in followed]}
    else:
        page, data = document(name), chapter_data(name)
    if as_json:
        say_json({"command": "show", **data})
        return 0
    if not page.parts:
        say(f"The gradient of {name} does not depend on the logits: its Hessian, and the product with a vector, are 0.")
        return 0
    width = min(shutil.get_terminal_size((PAGE, 0)).columns, PAGE)
    ascii = ascii or not speaks_unicode()
    text = render_terminal(page, width=width, ascii=ascii, why=why)
    if followed:
        text += "\n" + render_rules("Computed by", followed, width=width, ascii=ascii, why=why)
    for line in text.splitlines():
        say(line)
    if problem:
        say()
        say(problem)
    return 0


def _part(page: Document, titles: list[str]) -> Document:
    """The document with the parts of these titles, and of the parts before them what they cite."""
    wanted = [part for part in page.parts if part.title in titles]
    needed = {label for part in wanted for item in part.items for label in [item.label]}
    # a statement cites only what stands before it, so that one pass from the end finds all
    for item in reversed(page.items.values()):
        if item.label in needed:
            needed |= {line.cites for line in item.lines if line.cites}
    parts = (replace(part, items=tuple(i for i in part.items if i.label in needed)) for part in page.parts)
    return replace(page, parts=tuple(part for part in parts if part.items) if wanted else ())

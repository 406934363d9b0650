"""NAME.tex of a handout: an article with numbered statements and steps, figures, listings and an appendix of rules."""

from __future__ import annotations

from collections.abc import Mapping

from symce.documents.blocks import Handout, Section
from symce.documents.pictures import pictures
from symce.documents.tex.blocks import Blocks, Page, Values, laws
from symce.documents.tex.formulas import Formulas
from symce.documents.tex.text import plain
from symce.render import render

#: A4 with margins of 25 mm, 11 pt
PAGE = Page(width=40.0, code=(("footnotesize", 90), ("scriptsize", 101)), padding=2.6, rows=28)
#: what the law of a rule may take of the page, beside the rule's name
LAW = 26.0


def files(handout: Handout) -> Mapping[str, bytes]:
    """NAME.tex and the figures that it shows, by their paths below the folder in which they are to be written.

    Raises FigureError where Matplotlib is missing.
    """
    return {f"{handout.name}.tex": render_handout_latex(handout).encode(), **pictures(handout, "pdf")}


def render_handout_latex(handout: Handout) -> str:
    """The text of NAME.tex."""
    blocks = Blocks(handout, PAGE, "hyperref")
    return render(
        "latex/handout.tex.jinja",
        command=handout.command,
        title=plain(handout.title),
        author=plain(handout.author),
        abstract=[v for v in map(blocks.values, handout.abstract) if v],
        sections=[_section(section, blocks) for section in handout.sections],
        rules=rules(handout, LAW),
        references=[blocks.texts.text(r) for r in handout.references],
    )


def _section(section: Section, blocks: Blocks) -> Values:
    top, _, sub = section.number.partition(".")
    if not sub:
        blocks.counters["subsection"] = 0  # LaTeX starts anew
    return {
        "command": "subsection" if sub else "section",
        "title": plain(section.title),
        "label": section.label,
        "jump": None if sub else blocks.jump("section", int(top)),
        "jump_subsection": blocks.jump("subsection", int(sub)) if sub else None,
        "blocks": [v for v in map(blocks.values, section.blocks) if v],
    }


def rules(handout: Handout, width: float) -> list[dict[str, str]]:
    """The rules that the steps name, their laws at most ``width`` em wide."""
    return laws(handout.rules, Formulas(handout.symbols, width), width)

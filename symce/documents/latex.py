"""NAME.tex: a derivation as a LaTeX article that compiles by itself, with numbered steps and named rules."""

from __future__ import annotations

from symce.documents.prose import latex_words
from symce.documents.tex.formulas import Formulas
from symce.documents.view import Document
from symce.render import render

#: the width of the text in em
PAGE = 40.0
#: what the law of a rule may take of the page, beside the rule's name
LAW = 27.0


def render_latex(document: Document) -> str:
    """The text of NAME.tex."""
    formulas = Formulas(document.symbols, PAGE)
    labels = {label: item.heading for label, item in document.items.items()}
    return render(
        "latex/document.tex.jinja",
        name=document.name,
        source=document.source,
        title=latex_words(document.title, math=False),
        doc=latex_words(document.doc),
        reference=latex_words(document.reference, math=False),
        statement=formulas.equation(*document.statement, PAGE) if document.statement else "",
        meanings=[formulas.meaning(m) for m in document.meanings],
        parts=[
            {
                "title": latex_words(part.title, math=False),
                "meanings": [formulas.meaning(m) for m in part.meanings],
                "entries": [formulas.item(item, labels) for item in part.items],
            }
            for part in document.parts
        ],
        rules=[{"name": rule.name, "law": formulas.equation(*rule.law, LAW, rule.relation)} for rule in document.rules],
    )

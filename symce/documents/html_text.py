"""Running text in HTML: its marks, formulas, references, and code in colours."""

from __future__ import annotations

import html

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from symce.documents import mathml
from symce.documents.blocks import Handout
from symce.documents.letters import DocumentError
from symce.documents.markup import pieces
from symce.documents.notation import expand


def escape(text: str) -> str:
    """Text as HTML."""
    return html.escape(text, quote=True)


def reference(label: str, handout: Handout) -> str:
    """A link to what has this label, or only its name where that is no part of the handout.

    Raises DocumentError for a label that nothing has.
    """
    if label in handout.labels:
        return f'<a href="#{escape(label)}">{escape(handout.labels[label])}</a>'
    if label in handout.elsewhere:
        return escape(handout.elsewhere[label])
    raise DocumentError(f"nothing in the handout {handout.name!r} has the label {label!r} that it refers to")


def text(marked: str, handout: Handout) -> str:
    """A text in the marks of markup.py as HTML. Raises DocumentError for a reference to what is not there."""
    written = []
    for piece in pieces(marked):
        inner = escape(piece.text)
        match piece.style:
            case "math":
                written.append(mathml.inline(expand(piece.text, handout.notation)))
            case "code":
                written.append(f"<code>{inner}</code>")
            case "emphasis":
                written.append(f"<em>{inner}</em>")
            case "strong":
                written.append(f"<strong>{inner}</strong>")
            case "link":
                written.append(f'<a href="{escape(piece.target)}" rel="noreferrer">{inner}</a>')
            case "reference":
                written.append(reference(piece.text, handout))
            case _:
                written.append(inner)
    return "".join(written)


def code(source: str, language: str) -> str:
    """Source code as HTML, a class of Pygments about each token."""
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
    return str(highlight(source, get_lexer_by_name(language, stripnl=False), formatter)).rstrip("\n")

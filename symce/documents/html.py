"""NAME.html: a handout as one page that needs nothing else, neither a network nor a file beside it.

Formulas are MathML, figures are inline SVG in two themes, proofs unfold step by step, live figures compute with the
kernels' JavaScript. Without JavaScript everything but the live figures is there, all of it shown.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

from symce.documents.blocks import Handout, Live
from symce.documents.html_blocks import Writer
from symce.documents.html_text import escape
from symce.documents.letters import DocumentError
from symce.render import render

#: what would end the element that a script stands in, or change how the rest of it is read
_ENDS = re.compile(r"</script|<!--|<script", re.IGNORECASE)
#: the parts of the page's own script, in the order in which they run
_SCRIPTS = ("page", "proofs", "live")


def render_html(handout: Handout, script: str = "") -> str:
    """The text of NAME.html.

    ``script`` is the text of a classic script that defines ``symce``: the kernels that the live figures compute with
    (symce.targets.javascript.script). Raises DocumentError where a live figure has no script, or the script cannot
    stand in a page; FigureError without Matplotlib.
    """
    writer = Writer(handout)
    live = any(isinstance(block, Live) for block in handout.blocks)
    if live and not script:
        raise DocumentError(
            f"the handout {handout.name!r} has live figures, and no script was given that computes them: pass what "
            "symce.targets.javascript.script makes of their kernels"
        )
    if _ENDS.search(script):
        raise DocumentError("the script of the kernels holds '</script', '<script' or '<!--', which ends it in a page")
    parts = _SCRIPTS if live else tuple(name for name in _SCRIPTS if name != "live")
    scripts = [*([script] if live else []), "".join(render(f"html/{name}.js") for name in parts)]
    return render(
        "html/page.html.jinja",
        name=handout.name,
        command=escape(handout.command),
        title=escape(handout.title),
        author=escape(handout.author),
        policy=_policy(scripts),
        style=render("html/page.css"),
        scripts=scripts,
        contents=[
            {"label": s.label, "number": s.number, "title": escape(s.title), "level": s.level} for s in handout.sections
        ],
        abstract=writer.blocks(handout.abstract, 1),
        sections=[writer.section(s) for s in handout.sections],
        rules=[writer.rule(r) for r in handout.rules],
        references=[writer.text(r) for r in handout.references],
    )


def _policy(scripts: list[str]) -> str:
    """The page loads nothing, and runs these scripts alone. Figures bring style attributes, so styles may be inline."""
    hashes = " ".join(f"'sha256-{b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )

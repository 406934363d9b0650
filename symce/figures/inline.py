"""An SVG file of Matplotlib's as an element that can stand in a page beside others."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

_ELEMENT = re.compile(r"<svg\b[^>]*>", re.DOTALL)
#: an id, and the ways in which SVG refers to one
_IDS = re.compile(r'(\bid="|\bxlink:href="#|\bhref="#|url\(#)([^")]+)')
#: Matplotlib's style sheet is about every element there is; in a page it would be about the page's too
_EVERY = re.compile(r'(<style type="text/css">)\*\{')


def inline(document: str, *, prefix: str, title: str, description: str) -> str:
    """The ``<svg>`` element of an SVG document: no prolog, ids that begin with ``prefix``, named for screen readers."""
    start = _ELEMENT.search(document)
    assert start is not None, "Matplotlib writes an <svg> element"
    head, body = start.group(), document[start.end() :]
    body = _IDS.sub(lambda m: f"{m[1]}{prefix}-{m[2]}", body)
    body = _EVERY.sub(lambda m: f"{m[1]}#{prefix} *{{", body)
    names = f'id="{prefix}" role="img" aria-labelledby="{prefix}-title {prefix}-description"'
    words = (
        f'\n <title id="{prefix}-title">{escape(title)}</title>'
        f'\n <desc id="{prefix}-description">{escape(description)}</desc>'
    )
    return f"<svg {names} {head.removeprefix('<svg').strip()}{words}{body}"

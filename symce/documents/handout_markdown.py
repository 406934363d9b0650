"""A handout as Markdown, in three profiles: a page of a MkDocs Material site, a file for GitHub, a MyST project.

``mkdocs``  mkdocs.yml, docs/index.md, docs/figures: `mkdocs build --strict` needs no network; the page loads MathJax
``github``  NAME.md, figures
``myst``    conf.py, index.md, figures: `sphinx-build -W -n` with myst-parser needs no network; mystmd reads it, too
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Literal

from symce.documents.blocks import Handout
from symce.documents.markdown_blocks import BlockWriter
from symce.documents.markdown_text import GITHUB, MKDOCS, MYST, Dialect
from symce.documents.pictures import pictures
from symce.render import render

Profile = Literal["mkdocs", "github", "myst"]


def files(handout: Handout, profile: Profile) -> Mapping[str, bytes]:
    """The files of a handout by their paths, UTF-8 and SVG.

    Raises DocumentError for a reference to what is not there, FigureError without Matplotlib.
    """
    return _PROFILES[profile](handout)


def page(handout: Handout, dialect: Dialect) -> str:
    """The text of a handout as one page, without its figures."""
    writer = BlockWriter(dialect, handout)
    words = writer.words
    return render(
        "markdown/handout_page.md.jinja",
        dialect=dialect.name,
        command=handout.command,
        title=words.title(handout.title),
        quoted_title=_quoted(handout.title),
        author=words.title(handout.author),
        abstract=writer.text(handout.abstract),
        sections=[{"heading": writer.heading(s), "text": writer.text(s.blocks)} for s in handout.sections],
        rules=writer.rules(handout.rules),
        references=[words.paragraph(r) for r in handout.references],
    )


def _mkdocs(handout: Handout) -> Mapping[str, bytes]:
    config = render("markdown/mkdocs.yml.jinja", quoted_title=_quoted(handout.title))
    return {
        "mkdocs.yml": config.encode(),
        "docs/index.md": page(handout, MKDOCS).encode(),
        "docs/javascripts/mathjax.js": render("markdown/handout_mathjax.js").encode(),
        "docs/stylesheets/handout.css": render("markdown/handout.css").encode(),
        **{f"docs/{path}": content for path, content in pictures(handout, "svg").items()},
    }


def _github(handout: Handout) -> Mapping[str, bytes]:
    return {f"{handout.name}.md": page(handout, GITHUB).encode(), **pictures(handout, "svg")}


def _myst(handout: Handout) -> Mapping[str, bytes]:
    words = {"quoted_title": _quoted(handout.title), "quoted_author": _quoted(handout.author)}
    return {
        "conf.py": render("markdown/handout_conf.py.jinja", **words).encode(),
        "index.md": page(handout, MYST).encode(),
        "_static/handout.css": render("markdown/handout_sphinx.css").encode(),
        **pictures(handout, "svg"),
    }


def _quoted(text: str) -> str:
    """Text as a string of JSON, which is one of YAML and of Python as well."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


_PROFILES: Mapping[Profile, Callable[[Handout], Mapping[str, bytes]]] = {
    "mkdocs": _mkdocs,
    "github": _github,
    "myst": _myst,
}

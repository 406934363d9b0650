"""The only module that imports Jinja2: a template of ``templates/`` and its values in, text out.

Templates hold layout only; whatever can be decided is decided in Python. A name that a template uses and the caller
did not give is an error, never an empty string.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import jinja2

#: Delimiters of LaTeX templates: braces are LaTeX's own, so a template of a document says \VAR{...} and \BLOCK{...}.
_LATEX = {
    "block_start_string": r"\BLOCK{",
    "block_end_string": "}",
    "variable_start_string": r"\VAR{",
    "variable_end_string": "}",
    "comment_start_string": r"\#{",
    "comment_end_string": "}",
    "line_statement_prefix": "%%",
    "line_comment_prefix": "%#",
}


def template_folder() -> Path:
    """Where the templates lie: beside the package in a checkout, inside it in an installed wheel.

    Raises FileNotFoundError where neither folder exists.
    """
    package = Path(__file__).resolve().parent
    # A folder named templates beside an installed symce could be anyone's: the one of a checkout has numpy/ in it.
    for folder in (package.parent / "templates", package / "templates"):
        if (folder / "numpy").is_dir():
            return folder
    raise FileNotFoundError(
        f"symce's templates are neither in {package.parent / 'templates'} (a checkout) nor in {package / 'templates'} "
        "(an installation): install symce again"
    )


@cache
def _environment(folder: Path, syntax: Literal["text", "latex"]) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        extensions=["jinja2.ext.do"],
        **(_LATEX if syntax == "latex" else {}),  # type: ignore[arg-type]
    )


def render(template: str, /, **values: object) -> str:
    """The text of ``template`` (a path under templates/, such as ``numpy/module.py.jinja``) with the values filled in.

    A template whose name holds ``.tex`` is read with LaTeX's delimiters: ``\\VAR{x}``, ``\\BLOCK{for ...}``, and lines
    that start with ``%%``; any other with Jinja's own. Raises jinja2.UndefinedError for a value that was not given and
    jinja2.TemplateNotFound for a template that does not exist.
    """
    syntax: Literal["text", "latex"] = "latex" if ".tex" in Path(template).name else "text"
    return _environment(template_folder(), syntax).get_template(template).render(**values)

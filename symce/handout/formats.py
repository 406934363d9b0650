"""Every format of a handout by its name: files by their paths, ready to be written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from symce.documents.blocks import Handout, Live

if TYPE_CHECKING:
    from symce.documents.handout_markdown import Profile

Files = Mapping[str, bytes]


def _tex(handout: Handout) -> Files:
    from symce.documents import beamer, handout_latex

    return {**handout_latex.files(handout), **beamer.files(handout)}


def _pdf(handout: Handout) -> Files:
    from symce.documents import handout_latex

    return handout_latex.files(handout)


def _slides(handout: Handout) -> Files:
    from symce.documents import beamer

    return beamer.files(handout)


def compiled(files: Files) -> Files:
    """The files, and a PDF for each that is LaTeX. Raises LatexMissing, LatexError.

    Most of it is waiting for LaTeX, so that it may run in a thread beside whatever else there is to do.
    """
    from symce.documents.pdf import compile

    found = dict(files)
    with tempfile.TemporaryDirectory(prefix="symce-") as folder:
        for path, content in files.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        for path in files:
            if path.endswith(".tex"):
                pdf = compile(Path(folder) / path).pdf
                found[pdf.name] = pdf.read_bytes()
    return found


def _html(handout: Handout) -> Files:
    from symce.documents.html import render_html
    from symce.targets.javascript import script

    kernels = {kernel.name: kernel for block in handout.blocks if isinstance(block, Live) for kernel in block.kernels}
    return {f"{handout.name}.html": render_html(handout, script(list(kernels.values()))).encode()}


def _markdown(profile: Profile) -> Callable[[Handout], Files]:
    def files(handout: Handout) -> Files:
        from symce.documents import handout_markdown

        made = handout_markdown.files(handout, profile)
        return {f"{profile}/{path}": content for path, content in made.items()}

    return files


def _notebook(handout: Handout) -> Files:
    from symce.documents import handout_notebook

    return handout_notebook.files(handout)


#: those that are compiled by LaTeX: what their functions give is its source
LATEX = ("pdf", "slides")
FORMATS: Mapping[str, Callable[[Handout], Files]] = {
    "pdf": _pdf,
    "slides": _slides,
    "tex": _tex,
    "html": _html,
    "mkdocs": _markdown("mkdocs"),
    "github": _markdown("github"),
    "myst": _markdown("myst"),
    "notebook": _notebook,
}

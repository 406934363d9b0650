"""``handout``: the chapter, or chosen losses, as PDF, slides, a page, Markdown and a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symce.cli.arguments import AsJson
from symce.cli.errors import CannotRun, Fails
from symce.cli.folders import shown
from symce.cli.install import install, refuse_foreign
from symce.cli.output import say, say_json, steps, tell
from symce.cli.selection import selection

if TYPE_CHECKING:
    from symce.documents.blocks import Handout
    from symce.handout.options import Options

FOLDER = Path("handouts")
#: files that carry no header: whether they may be overwritten follows from those beside them
_WITHOUT_HEADER = (".pdf", ".svg", ".png")


class Format(StrEnum):
    """What a handout can be made as."""

    pdf = "pdf"
    slides = "slides"
    tex = "tex"
    html = "html"
    mkdocs = "mkdocs"
    github = "github"
    myst = "myst"
    notebook = "notebook"


class Notation(StrEnum):
    """How the predicted probability is written."""

    hat_pi = "hat-pi"
    p = "p"


class Style(StrEnum):
    """How the softmax Jacobian is written."""

    delta = "delta"
    cases = "cases"
    matrix = "matrix"


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|FILE.toml]...", help="Losses of symce or of your own; without any, the chapter."),
    ] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", metavar="F", help=f"{', '.join(Format)}; may be repeated.  [default: all]"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder that is written to.")] = FOLDER,
    title: Annotated[str, typer.Option("--title", help="A title of your own.")] = "",
    author: Annotated[str, typer.Option("--author", help="Who gives the lecture.")] = "",
    section: Annotated[
        list[str] | None,
        typer.Option("--section", metavar="S", help="Sections to keep, by label; may be repeated.  [default: all]"),
    ] = None,
    notation: Annotated[Notation, typer.Option("--notation", help="The predicted probability.")] = Notation.hat_pi,
    style: Annotated[Style, typer.Option("--style", help="The softmax Jacobian.")] = Style.delta,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that symce did not write, too.")] = False,
    as_json: AsJson = False,
) -> int:
    """Make a handout: everything in it derived, checked and drawn rather than typed.

    Without a name, the whole chapter on cross-entropy; with names, one on these losses.
    """
    chosen = selection(names or []) if names else None
    if chosen and chosen.theorems:
        raise CannotRun(
            f"{chosen.theorems[0]!r} is a chapter of theorems, not a loss",
            f"`show {chosen.theorems[0]}` shows it; the handout without a name has all theorems.",
        )
    kinds = list(dict.fromkeys(formats)) if formats else list(Format)
    if {Format.pdf, Format.slides} <= set(kinds):
        kinds = [kind for kind in kinds if kind is not Format.tex]  # the sources come with what is made of them

    # SymPy and Matplotlib take a second to import: not for a misspelt name
    from symce.derivation.budget import DerivationError
    from symce.documents.letters import DocumentError
    from symce.documents.pdf import LatexError
    from symce.figures.style import FigureError
    from symce.handout.options import Options
    from symce.handout.selection import HandoutError
    from symce.kernel.scope import LoweringError
    from symce.listings import ListingError

    options = Options(title, author, tuple(section or ()), notation.value, style.value)
    try:
        with steps(quiet=as_json) as progress:
            handout = _written(chosen.losses if chosen else (), options, progress.stage)
            files, notes, seconds = _formatted(handout, kinds, progress.stage)
            if not force:
                refuse_foreign(out, [path for path in files if not path.endswith(_WITHOUT_HEADER)])
            states = install(out, files)
    except HandoutError as error:
        raise CannotRun(str(error)) from error
    except (FigureError, ListingError) as error:
        raise CannotRun(str(error)) from error
    except (DerivationError, LoweringError, DocumentError, LatexError) as error:
        raise Fails(str(error)) from error
    if as_json:
        say_json(
            {
                "command": "handout",
                "ok": True,
                "out": str(out),
                "files": [{"path": path, "state": state} for path, state in states.items()],
                "seconds": seconds,
                "notes": notes,
            }
        )
        return 0
    for note in notes:
        tell(f"note: {note}", "yellow")
    for path in (p for p in states if not p.endswith(_WITHOUT_HEADER) or (p.endswith(".pdf") and "figures" not in p)):
        say(f"{states[path]:<9}  {shown(out / path)}")
    written = sum(state == "written" for state in states.values())
    say(f"{shown(out)}: {written} files written, {len(states) - written} unchanged", "green")
    return 0


def _written(losses: object, options: Options, progress: Callable[[str], None]) -> Handout:
    if losses:
        from symce.handout.losses import of_losses

        return of_losses(losses, options, progress)  # type: ignore[arg-type]
    from symce.handout.chapter import chapter

    return chapter(options, progress)


def _formatted(
    handout: Handout, kinds: list[Format], progress: Callable[[str], None]
) -> tuple[dict[str, bytes], list[str], dict[str, float]]:
    """The files of each format, what to know about them, and how long each took."""
    from symce.documents.pdf import LatexMissing
    from symce.handout.formats import FORMATS, LATEX, compiled

    files: dict[str, bytes] = {}
    notes: dict[str, None] = {}
    seconds: dict[str, float] = {}
    # LaTeX runs beside the other formats; figures are drawn here alone, for Matplotlib is not made for threads
    with ThreadPoolExecutor(len(LATEX)) as latex:
        running: dict[str, Future[tuple[Mapping[str, bytes], float]]] = {}
        for kind in sorted(kinds, key=lambda k: k.value not in LATEX):
            progress(f"making {kind.value}")
            start = time.perf_counter()
            made = FORMATS[kind.value](handout)
            seconds[kind.value] = time.perf_counter() - start
            files |= made
            if kind.value in LATEX:
                running[kind.value] = latex.submit(_timed, compiled, made)
        for name, future in running.items():
            progress(f"compiling {name}")
            try:
                done, spent = future.result()
            except LatexMissing as error:
                notes[str(error)] = None  # what can be had without LaTeX is written all the same
                continue
            files |= done
            seconds[name] += spent
    rounded = {kind.value: round(seconds[kind.value], 2) for kind in kinds}
    return files, list(notes), rounded


def _timed(
    make: Callable[[Mapping[str, bytes]], Mapping[str, bytes]], files: Mapping[str, bytes]
) -> tuple[Mapping[str, bytes], float]:
    start = time.perf_counter()
    return make(files), time.perf_counter() - start

"""``check``: is every step of every proof true? By numbers or by Coq, with no code of the derivation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from symce.cli.arguments import AsJson, OutOption
from symce.cli.errors import CannotRun
from symce.cli.folders import PROOFS, output_folder, shown
from symce.cli.output import say_json, steps
from symce.cli.selection import is_file, selection
from symce.losses.loss import Loss


@dataclass(frozen=True)
class Source:
    """Where proofs come from: a file of them, or else a derivation, of a loss or of the chapter ``name``."""

    name: str
    path: Path | None = None
    loss: Loss | None = None

    @property
    def origin(self) -> str:
        return "derived" if self.path is None else shown(self.path)

    def load(self) -> list[dict[str, Any]]:
        """The proofs as data. Raises CannotRun where the file cannot be read, Fails where the derivation fails."""
        from symce.cli.proof_file import read

        if self.path is not None:
            return read(self.path)
        proofs: list[dict[str, Any]] = self.document()["proofs"]
        return proofs

    def document(self) -> Any:
        """What a file of proofs holds, read or derived; or a single proof. Raises as ``load``."""
        from symce.cli.proof_file import read_document

        if self.path is not None:
            return read_document(self.path)
        from symce.cli.artifacts import Derived
        from symce.cli.chapters import chapter_data

        return Derived(self.loss).proofs if self.loss is not None else chapter_data(self.name)


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|FILE.json|FILE.toml]...",
            help="Losses, chapters of theorems, or files; without any, everything of symce's.",
        ),
    ] = None,
    formal: Annotated[
        bool, typer.Option("--formal", help="Prove every step with Coq, for all K, instead of trying points.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, metavar="N", help="With --formal: N at a time.  [default: all cores]"),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="With --formal: prove what has been proven before, too.")
    ] = False,
    out: OutOption = None,
    as_json: AsJson = False,
) -> int:
    """Check proofs, step by step, at random points; or, with --formal, for all K by Coq.

    The proofs are those of the output folder; where it has none of a loss, they are derived. Exit status 1 if a step
    is false.
    """
    if not formal and (no_cache or jobs is not None):
        raise CannotRun("--jobs and --no-cache say how Coq is run", "Add --formal, or leave them out.")
    sources = list(_sources(names or [], output_folder(out)))
    origins = {s.name: s.origin for s in sources}
    if formal:
        from symce.cli.formal import check_formally

        beside = {s.name: s.path.with_suffix(".v") for s in sources if s.path is not None}
        return check_formally({s.name: s.document for s in sources}, origins, beside, jobs, not no_cache, as_json)

    from symce.cli.proof_checks import checking, outcome, print_checks

    with steps(quiet=as_json) as progress:
        loaded = {s.name: s.load() for s in progress.over("reading", sources, [s.name for s in sources])}
        with checking(loaded) as outcomes:
            results = outcomes(progress)
    if as_json:
        say_json({"command": "check", **outcome(results, origins)})
    else:
        print_checks(results, origins)
    return 0 if results.ok else 1


def _sources(names: list[str], folder: Path) -> Iterator[Source]:
    files = [name for name in names if is_file(name, ".json") and not name.endswith(".toml")]
    for name in dict.fromkeys(files):
        if not Path(name).is_file():
            raise CannotRun(f"{name}: there is no such file", "Proofs lie in proofs/NAME.json of the output folder.")
        yield Source(name, Path(name))
    others = [name for name in names if name not in files]
    if files and not others:
        return
    chosen = selection(others)
    for loss in chosen.losses:
        path = folder / PROOFS / f"{loss.name}.json"
        of_a_file = any(name.endswith(".toml") for name in others) and loss.source_file in others
        yield Source(loss.name, path if path.is_file() and not of_a_file else None, loss)
    for name in chosen.theorems:
        path = folder / PROOFS / "theorems" / f"{name}.json"
        yield Source(name, path if path.is_file() else None)

"""``check``: is every step of every proof true? By numbers, with no code of the derivation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from symce.cli.arguments import AsJson, OutOption
from symce.cli.errors import CannotRun
from symce.cli.folders import PROOFS, output_folder, shown
from symce.cli.output import say_json, steps
from symce.cli.selection import Selection, is_file, selection


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|FILE.json|FILE.toml]...",
            help="Losses, chapters of theorems, or files of proofs; without any, all of symce's.",
        ),
    ] = None,
    out: OutOption = None,
    as_json: AsJson = False,
) -> int:
    """Check proofs, step by step, at random points.

    The proofs are those of the output folder; of a loss that has none there, they are derived. Exit status 1 if a step
    is false.
    """
    # the checker reads files alone: SymPy is needed only where one is missing
    from symce.cli.proof_checks import check_all, outcome, print_checks
    from symce.cli.proof_file import read

    folder = output_folder(out)
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    to_derive: list[str] = []
    for name in names or []:
        if is_file(name, ".json"):
            found[name], origin[name] = read(Path(name)), name
        else:
            to_derive.append(name)
    if to_derive or not names:
        for key, path in _keys(selection(to_derive), folder):
            if path is not None:
                found[key], origin[key] = read(path), shown(path)
            else:
                found[key], origin[key] = None, "derived"
    with steps(quiet=as_json) as progress:
        for key in found:
            if found[key] is None:
                progress.stage(f"deriving {key}")
                found[key] = _derived(key, to_derive)
        results = check_all(found, progress)
    if as_json:
        say_json({"command": "check", **outcome(results, origin)})
    else:
        print_checks(results, origin)
    return 0 if all(r.ok for reports in results.values() for r in reports) else 1

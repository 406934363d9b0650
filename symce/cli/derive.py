"""``derive``: proofs and kernels of losses, checked and verified, then written; or compared with what is there."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symce.cli.arguments import AsJson, Names, OutOption, TargetOption
from symce.cli.compare import Comparison, compare
from symce.cli.folders import KERNELS, output_folder, shown
from symce.cli.install import install, refuse_foreign
from symce.cli.output import say, say_json, speaks_unicode, steps, tell
from symce.cli.selection import refuse_borrowed_names, selection
from symce.cli.targets import chosen_targets

if TYPE_CHECKING:
    from symce.cli.artifacts import Artifacts
    from symce.cli.output import Steps
    from symce.cli.proof_checks import Checks
    from symce.verify import Report

#: so many written files are named one by one
NAMED = 12
LATER = "the native kernels are compiled and run by: python -m symce verify --target native"
_DIFF_STYLES = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}


def command(
    names: Names = None,
    out: OutOption = None,
    target: TargetOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit status 1 if a file is not what would be written.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="As --check, and show the differences.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that symce did not write, too.")] = False,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Check the proofs, run the kernels.")] = True,
    as_json: AsJson = False,
) -> int:
    """Derive losses: proofs and kernels, checked and verified, then written.

    Without a name, the whole catalogue and the theorems. Nothing is written if a step of a proof is false or a kernel
    is wrong.
    """
    chosen = selection(names or [])
    refuse_borrowed_names(chosen.losses)
    targets = chosen_targets(target)
    folder = output_folder(out)

    # SymPy takes half a second to import: not for a misspelt name
    from symce.cli.artifacts import make

    with steps(quiet=as_json) as progress:
        made = make(chosen.losses, chosen.theorems, targets, folder, progress)
        if not (check or diff):
            if not force:
                refuse_foreign(folder, made.files)
            checks, report = _judged(made, targets, progress) if verify else (None, None)
    if check or diff:
        comparisons = compare(folder, made.files, whole=chosen.whole and not target)
        again = ["python", "-m", "symce", "derive", *(names or []), *(["--out", str(out)] if out else [])]
        return _compared(
            comparisons, folder, diff, as_json, shlex.join([*again, *(f"--target={t}" for t in target or [])])
        )
    sound = (checks is None or checks.ok) and (report is None or report.ok)
    states = install(folder, made.files) if sound else {}
    if as_json:
        say_json(_document(made, folder, states, checks, report, sound))
    else:
        _print(made, folder, states, checks, report, sound)
    return 0 if sound else 1


def _judged(made: Artifacts, targets: list[str], progress: Steps) -> tuple[Checks, Report | None]:
    """The proofs checked as the data that is written, and beside that the kernels run from a temporary folder."""
    from symce.cli.proof_checks import checking

    proofs = {name: data["proofs"] for name, data in made.proof_files.items()}
    with checking(proofs) as outcome:
        report = _verified(made, targets, progress) if made.derived else None
        return outcome(progress), report


def _verified(made: Artifacts, targets: list[str], progress: Steps) -> Report | None:
    """What verification says of the kernels; None where it runs none of the targets."""
    progress.stage("importing PyTorch, if it is there")  # seconds, in which nothing else is heard

    from symce.cli.reports import verified
    from symce.verify import TARGETS

    if not set(targets) & set(TARGETS):
        return None

    kernels = {path: text for path, text in made.files.items() if path.startswith(f"{KERNELS}/")}
    with TemporaryDirectory(prefix="symce-") as place:
        install(Path(place), kernels)
        losses = [d.loss for d in made.derived]
        # to compile the native ones takes longer than all the rest, unless they are what is asked for
        run = [t for t in targets if t != "native" or targets == ["native"]]
        report = verified(losses, Path(place) / KERNELS, run, progress, thorough=False)
        left = [LATER] if len(run) < len(targets) else []
        return replace(report, notes=(*report.notes, *left))


def _compared(comparisons: list[Comparison], folder: Path, diff: bool, as_json: bool, again: str) -> int:
    different = [c for c in comparisons if c.state != "same"]
    if as_json:
        files = [{"path": c.path, "state": c.state, **({"diff": c.diff()} if diff else {})} for c in comparisons]
        say_json({"command": "derive", "ok": not different, "out": str(folder), "files": files})
        return 1 if different else 0
    for comparison in different:
        if diff:
            for line in comparison.diff():
                say(line, next((style for mark, style in _DIFF_STYLES.items() if line.startswith(mark)), ""))
        else:
            say(f"{comparison.state:<10}  {shown(folder / comparison.path)}")
    if different:
        # beside the result, so that a diff can be piped into patch
        tell(
            f"{len(different)} of {len(comparisons)} files in {shown(folder)} are not what derive gives; "
            f"write them anew with: {again}",
            "bold red",
        )
    elif not diff:
        say(f"ok: {len(comparisons)} files in {shown(folder)} are what derive gives", "green")
    return 1 if different else 0


def _document(
    made: Artifacts, folder: Path, states: dict[str, str], checks: Checks | None, report: Report | None, sound: bool
) -> dict[str, Any]:
    from symce.algebra.text import text
    from symce.cli.proof_checks import outcome

    return {
        "command": "derive",
        "ok": sound,
        "out": str(folder),
        "losses": [
            {
                "name": d.loss.name,
                "title": d.loss.title,
                "gradient": text(d.derivation.gradient.final.result),
                "assumptions": list(d.derivation.gradient.final.assumptions),
                "proofs": len(d.derivation.proofs),
                "steps": sum(len(p.steps) for p in d.derivation.proofs),
            }
            for d in made.derived
        ],
        "theorems": list(made.theorems),
        "files": [{"path": path, "state": states.get(path, "not written")} for path in made.files],
        "notes": list(made.notes),
        "check": None if checks is None else outcome(checks, {}),
        "verify": None if report is None else report.to_json(),
    }


def _print(
    made: Artifacts, folder: Path, states: dict[str, str], checks: Checks | None, report: Report | None, sound: bool
) -> None:
    from symce.algebra.text import text

    ascii = not speaks_unicode()
    for d in made.derived:
        final = d.derivation.gradient.final
        left, right = text(final.statement, ascii=ascii), text(final.result, ascii=ascii)
        say(f"{d.loss.name}: {left} = {right}")
    if checks is not None:
        from symce.cli.proof_checks import print_checks

        say()
        print_checks(checks)
    if report is not None:
        from symce.cli.reports import print_verification

        say()
        print_verification(report)
    if checks is None:
        say("not verified: neither proofs nor kernels, as asked", "yellow")
    elif report is None and made.derived:
        say("not verified: the kernels; verification runs none of these targets", "yellow")
    say()
    for note in made.notes:
        say(f"note: {note}", "yellow")
    if not sound:
        tell(f"nothing is written; {shown(folder)} is as it was", "bold red")
        return
    written = [path for path, state in states.items() if state == "written"]
    if len(written) <= NAMED:
        for path in written:
            say(f"wrote {shown(folder / path)}")
    say(f"{shown(folder)}: {len(written)} files written, {len(states) - len(written)} unchanged", "green")

"""``verify``: are the kernels right? Each against an independent reading of its loss's statement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from symce.cli.arguments import AsJson, Names, OutOption, TargetOption
from symce.cli.errors import CannotRun
from symce.cli.folders import kernels_folder
from symce.cli.output import say_json, steps
from symce.cli.selection import selection
from symce.cli.targets import chosen_targets
from symce.losses import Loss


def command(
    names: Names = None,
    out: OutOption = None,
    target: TargetOption = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Every option meets every dtype and size.")] = False,
    accuracy: Annotated[
        bool,
        typer.Option(
            "--accuracy", help="Measure in ulps of the exact results, by regime, beside PyTorch's own functions."
        ),
    ] = False,
    rows: Annotated[bool, typer.Option("--rows", help="One line a check rather than one a kernel.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check generated kernels: values, gradients, Hessian-vector products, options, dtypes, extreme logits.

    With --target torch also what PyTorch's transforms make of them: vmap, grad, jvp, hessian, compile, export, ...

    The kernels are those in the output folder, or else of the installed package symce_kernels. Exit status 1 if one
    is wrong, or, with --accuracy, is less exact than promised.
    """
    # PyTorch takes seconds to import: not for a misspelt name
    chosen = selection(names or [])
    if not chosen.losses:
        raise CannotRun("theorems have no kernels to verify", "Name a loss; `list` shows them.")
    targets = chosen_targets(target)
    folder = kernels_folder(out)

    from symce.cli.reports import print_verification, verified
    from symce.cli.transforms import print_transforms, with_transforms
    from symce.verify import TARGETS, LoadError
    from symce.verify.modules import torch_installed
    from symce.verify.transforms import PREFIX

    if not set(targets) & set(TARGETS):
        raise CannotRun(
            f"verify does not run {', '.join(targets)} kernels", f"Targets that it runs: {', '.join(TARGETS)}."
        )

    if accuracy:
        return _accuracy(chosen.losses, folder, targets, thorough, rows, as_json, by_regime=bool(names))
    with steps(quiet=as_json) as progress:
        try:
            report = verified(chosen.losses, folder, targets, progress, thorough)
            if target and "torch" in targets and torch_installed():
                report = with_transforms(report, chosen.losses, folder, progress, thorough=thorough)
        except LoadError as error:
            raise CannotRun(str(error)) from error
    if as_json:
        say_json({"command": "verify", "kernels": str(folder), **report.to_json()})
    else:
        transforms = [row for row in report.rows if row.what.startswith(PREFIX)]
        print_transforms(transforms)
        print_verification(report, every_row=rows)
    return 0 if report.ok else 1


def _accuracy(
    losses: Sequence[Loss],
    folder: Path,
    targets: Sequence[str],
    thorough: bool,
    rows: bool,
    as_json: bool,
    *,
    by_regime: bool,
) -> int:
    """``--accuracy``: of losses that were named, a line a regime."""
    from symce.cli.accuracy import measured, print_accuracy

    with steps(quiet=as_json) as progress:
        report = measured(losses, folder, targets, progress, thorough)
    if as_json:
        say_json({"command": "verify --accuracy", "kernels": str(folder), **report.to_json()})
    else:
        print_accuracy(report, by_regime=by_regime or rows, every_row=rows)
    return 0 if report.ok else 1

"""Verification: every generated kernel against an independent reading of the loss's statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from symce.losses.loss import Loss
from symce.verify.autograd import AutogradReference
from symce.verify.calls import WrongCall
from symce.verify.checks import Checker, entries_or_error
from symce.verify.compare import Board
from symce.verify.modules import Generated, LoadError, compiler_installed, load, package_folder, torch_installed
from symce.verify.precise import PreciseReference
from symce.verify.report import Failure, Report, Row
from symce.verify.semantics import Expected, Reference

TARGETS = ("numpy", "torch", "native")
References = Literal["auto", "autograd", "mpmath"]


def verify(
    losses: Sequence[Loss],
    package_root: Path,
    *,
    targets: Sequence[str] = TARGETS,
    thorough: bool = False,
    reference: References = "auto",
) -> Report:
    """Check the kernels of the losses under ``package_root`` (the folder ``symce_kernels``, or the one it lies in).

    ``thorough`` goes through the product of the options several times, so that all meet every dtype and size.
    ``reference``: "autograd" compares with PyTorch's autograd of the statement, "mpmath" with the statement at 80
    digits, "auto" takes PyTorch where it is installed. The kernels themselves are run, in this process.

    Raises ValueError for an unknown target or reference; LoadError where there is no package at all. A kernel that is
    missing, cannot be loaded, or raises is a failed row of the report.
    """
    unknown = [t for t in targets if t not in TARGETS]
    if unknown:
        raise ValueError(f"targets: {unknown[0]!r}; allowed: {', '.join(TARGETS)}")
    if reference not in ("auto", "autograd", "mpmath"):
        raise ValueError(f"reference: {reference!r}; allowed: auto, autograd, mpmath")
    installed = torch_installed()
    if reference == "autograd" and not installed:
        raise ValueError("reference: 'autograd' needs PyTorch, which is not installed; allowed here: auto, mpmath")
    package_folder(package_root)
    notes = []
    if not installed:
        notes.append(
            "PyTorch is not installed: the statements are evaluated by mpmath instead of autograd"
            + (", and the PyTorch kernels are not run" if "torch" in targets else "")
            + "; install symce[torch]"
        )
    compiler = compiler_installed()
    if "native" in targets and not compiler:
        notes.append("there is no C compiler (cc, gcc, clang, or $CC): the native kernels are not run")
    judge: Reference = AutogradReference() if installed and reference != "mpmath" else PreciseReference()
    missing = {"torch": not installed, "native": not compiler}
    present = [t for t in targets if not missing.get(t)]
    rows = [row for loss in losses for row in _kernels(loss, package_root, present, judge, thorough)]
    return Report(tuple(rows), tuple(notes))


def _kernels(loss: Loss, root: Path, targets: Sequence[str], reference: Reference, thorough: bool) -> Iterator[Row]:
    """The rows of one loss."""
    numpy: Generated | None = None
    known: dict[bytes, Expected] = {}
    for target in targets:
        try:
            kernel = load(root, target, loss)
            board = Board(loss.name, target)
            per_entry = entries_or_error(kernel)
        except (LoadError, WrongCall) as error:
            yield _unusable(loss, target, str(error))
            continue
        except Exception as error:
            yield _unusable(loss, target, f"a first call raised {type(error).__name__}: {error}")
            continue
        numpy = kernel if target == "numpy" else numpy
        other = numpy if target != "numpy" else None
        Checker(kernel, reference, board, per_entry, thorough, other, known).run()
        yield from board.rows()


def _unusable(loss: Loss, target: str, message: str) -> Row:
    return Row(
        loss.name, target, "signature", "", "the loss", float("inf"), 0.0, 1, False, "", Failure(message, "signature")
    )

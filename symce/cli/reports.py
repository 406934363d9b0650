"""What verification and the check of proofs found, as tables; shared by the commands that run them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from symce.cli.output import Steps, say, table
from symce.losses import Loss, catalogue
from symce.verify import TARGETS, Report, Row, verify

QUANTITIES = ("value", "gradient", "hvp")
#: how checks at extreme logits are called, and what is said where they fail for a loss of the user's own
EXTREMES = " at extremes"
NOT_THERE = "WARNING, not right at extreme logits"
NOT_RUN = f"the {{}} kernels are not run: verification runs {', '.join(TARGETS)}, of the same closed forms"


def verified(losses: Sequence[Loss], kernels: Path, targets: Sequence[str], steps: Steps, thorough: bool) -> Report:
    """The report of ``verify`` on these losses, one after the other so that progress can be seen.

    The catalogue answers for extreme logits. Of a loss of the user's own, which may have no stable form that symce
    knows, a result that is wrong there alone is reported as a note, and does not keep its files from being written.
    Of the targets, those that verification runs; a note names the others.

    Raises symce.verify.LoadError where there is no package of kernels.
    """
    rows: list[Row] = []
    notes = {NOT_RUN.format(t): None for t in targets if t not in TARGETS}
    targets = [t for t in targets if t in TARGETS]
    for loss in steps.over("verifying", losses, [loss.name for loss in losses]):
        report = verify([loss], kernels, targets=targets, thorough=thorough)
        own = catalogue().get(loss.name) != loss
        rows += map(_advised, report.rows) if own else report.rows
        notes |= dict.fromkeys(report.notes)
    return Report(tuple(rows), tuple(notes))


def _advised(row: Row) -> Row:
    """A failure at extreme logits as a note."""
    if row.ok or EXTREMES not in row.what or row.failure is None:
        return row
    note = f"{NOT_THERE} (±1000, 1e30, -inf): {row.failure.message}"
    return replace(row, ok=True, note="; ".join(filter(None, (row.note, note))), failure=None)


def print_verification(report: Report, *, every_row: bool = False) -> None:
    """A table of the worst errors, then each failure with its message, then what was left out."""
    if every_row:
        headings = ("loss", "target", "check", "dtype", "cases", "worst error", "allowed", "")
        rows = [
            (r.loss, r.target, r.what, r.dtype, str(r.cases), number(r.error), number(r.allowed), verdict(r.ok))
            for r in report.rows
        ]
        table(headings, rows, right=("cases", "worst error", "allowed"))
    else:
        headings = ("loss", "target", "cases", *QUANTITIES, "worst/allowed", "")
        table(headings, list(_summary(report)), right=headings[2:-1])
        say(
            "value, gradient and hvp: worst relative error in float64; worst/allowed: over all dtypes and checks.",
            "dim",
        )
    references = sorted({row.reference for row in report.rows if row.what.startswith(QUANTITIES)})
    if references:
        say(f"Compared with: {'; '.join(references)}.")
    for row in report.failures:
        where = " ".join(filter(None, (row.loss, row.target, row.what, row.dtype)))
        say(f"FAILED {where}: worst error {number(row.error)}, allowed {number(row.allowed)}", "bold red")
        if row.failure is not None:
            say(f"  {row.failure.message}", "red")
    left_out = {f"{row.loss} {row.target} {row.what}: {row.note}": None for row in report.rows if row.note}
    for note in (*left_out, *report.notes):
        say(f"note: {note}", "yellow")
    cases = sum(row.cases for row in report.rows)
    kernels = len({(row.loss, row.target) for row in report.rows})
    say(f"{verdict(report.ok)}: {kernels} kernels, {len(report.rows)} checks, {cases:,} cases", _style(report.ok))


def _summary(report: Report) -> Iterator[Sequence[str]]:
    for (loss, target), group in groupby(report.rows, key=lambda row: (row.loss, row.target)):
        rows = list(group)
        errors = [
            max((r.error for r in rows if r.what.startswith(q) and r.dtype == "float64"), default=None)
            for q in QUANTITIES
        ]
        share = max((r.error / r.allowed for r in rows if r.allowed > 0 and NOT_THERE not in r.note), default=0.0)
        cases = f"{sum(r.cases for r in rows):,}"
        shown = ["" if e is None else number(e) for e in errors]
        yield (loss, target, cases, *shown, f"{share:.0%}", verdict(all(r.ok for r in rows)))


def number(x: float) -> str:
    """A number as a table shows it."""
    return f"{x:.1e}" if x else "0"


def verdict(ok: bool) -> str:
    return "ok" if ok else "FAILED"


def _style(ok: bool) -> str:
    return "green" if ok else "bold red"

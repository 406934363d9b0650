"""``verify --target torch``: what PyTorch's transforms make of each loss, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from symce.cli.output import Steps, table
from symce.losses import Loss
from symce.verify.report import Report, Row
from symce.verify.transforms import PREFIX, TRANSFORMS, transform_rows


def with_transforms(report: Report, losses: Sequence[Loss], kernels: Path, steps: Steps, *, thorough: bool) -> Report:
    """The report with a row a transform and loss."""
    rows = list(report.rows)
    for loss in steps.over("transforming", losses, [loss.name for loss in losses]):
        rows += transform_rows(loss, kernels, thorough=thorough)
    return Report(tuple(rows), report.notes)


def print_transforms(rows: Sequence[Row]) -> None:
    """A line a loss, a column a transform: ok or FAILED."""
    lines = []
    for loss, group in groupby(rows, key=lambda row: row.loss):
        found = {row.what.removeprefix(PREFIX): "ok" if row.ok else "FAILED" for row in group}
        lines.append((loss, *(found.get(name, "") for name in TRANSFORMS)))
    if lines:
        table(("loss", *TRANSFORMS), lines)

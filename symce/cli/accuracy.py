"""``verify --accuracy``: how many ulps from the exact result, regime by regime, beside PyTorch's own functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from symce.cli.errors import CannotRun
from symce.cli.output import Steps, say, table
from symce.cli.reports import NOT_RUN, verdict
from symce.losses import Loss
from symce.verify import TARGETS
from symce.verify.accuracy import Plan, each
from symce.verify.accuracy_report import AccuracyReport, Figure, Key, joined, worst
from symce.verify.modules import LoadError

#: quantities that have a column, by how the column is called
COLUMNS = {
    "value": "value",
    "gradient, true class": "true class",
    "gradient, others": "others",
    "gradient": "soft target",
    "hvp": "hvp",
}
OURS = "symce"
PEER = "PyTorch"
LEGEND = (
    "Worst errors in ulps of the exact result; in parentheses, where that is much less, in ulps of the terms that it is"
    " the sum of. 0! is 0 for a normal number, NaN! and inf! are those for a number, num! is a number for infinity."
    " Gradients: at the true class, at the others, and of a target of one number a class. *: of PyTorch."
)


def measured(
    losses: Sequence[Loss], kernels: Path, targets: Sequence[str], steps: Steps, thorough: bool
) -> AccuracyReport:
    """The report on these losses, with progress. Raises CannotRun where there is no package of kernels."""
    plan = Plan.of([t for t in targets if t in TARGETS], thorough)
    try:
        reports = each(losses, kernels, plan)
    except LoadError as error:
        raise CannotRun(str(error)) from error
    named = steps.over("measuring", losses, [loss.name for loss in losses])
    found = joined([report for _, report in zip(named, reports, strict=True)])
    left_out = tuple(NOT_RUN.format(t) for t in targets if t not in TARGETS)
    return AccuracyReport(found.figures, (*left_out, *found.notes), rows=found.rows)


def print_accuracy(report: AccuracyReport, *, by_regime: bool, every_row: bool) -> None:
    """A table, then each broken promise, then what was left out.

    ``by_regime``: a line a regime, rather than one with the worst of all; ``every_row``: each kernel has lines of its
    own, rather than the worse of the two.
    """
    lines = list(_lines(report.figures, by_regime, every_row))
    shown = [name for q, name in COLUMNS.items() if any(f.key.quantity == q for f in report.figures)]
    peers = [] if every_row else [name for name in shown if name != "hvp"]
    first = ["loss", *(["kernel"] if every_row else []), "dtype", *(["regime"] if by_regime else [])]
    headings = [*first, *shown, *(f"{name}*" for name in peers), ""]
    cells = []
    for own, figures, ok in lines:
        numbers = [_cell(figures.get((OURS, name))) for name in shown]
        numbers += [_cell(figures.get((PEER, name))) for name in peers]
        cells.append([*own, *numbers, ok])
    table(headings, cells, right=headings[len(first) : -1])
    say(LEGEND, "dim")
    for peer in _peers(report.figures):
        say(f"* {peer}", "dim")
    _print_failures(report.failures, every=every_row)
    for note in report.notes:
        say(f"note: {note}", "yellow")
    entries = sum(f.entries for f in report.figures)
    style = "green" if report.ok else "bold red"
    say(f"{verdict(report.ok)}: {len(report.failures)} broken, {report.rows:,} rows, {entries:,} results", style)


def _print_failures(failures: Sequence[Figure], *, every: bool) -> None:
    """Broken promises; unless ``every``, the worst of each kernel, dtype and quantity, with the number of regimes."""
    groups: dict[object, list[Figure]] = {}
    for f in failures:
        groups.setdefault(f.key if every else replace(f.key, regime=""), []).append(f)
    for group in groups.values():
        f = max(group, key=lambda f: f.share or 0.0)
        assert f.broken is not None
        name = " ".join(filter(None, (f.key.loss, f.key.by, f.key.dtype, f.key.precision, f.key.regime)))
        more = f" (and in {len(group) - 1} more regimes)" if len(group) > 1 else ""
        say(f"FAILED {name}, {f.key.quantity}: {f.broken.message}{more}", "bold red")
        if f.broken.arguments:
            given = ", ".join(f"{n}={a}" for n, a in f.broken.arguments.items() if not _long(a))
            say(f"  entry {f.broken.entry}: {f.broken.got!r} where {f.broken.exact!r} is right, of {given}", "red")


Line = tuple[list[str], dict[tuple[str, str], Figure], str]


def _lines(figures: Sequence[Figure], by_regime: bool, every_row: bool) -> Iterator[Line]:
    """The lines of the table: what they are of, the figures by (symce or PyTorch, column), and the verdict."""

    def line(key: Key) -> tuple[str, ...]:
        own = (key.loss, *((key.by,) if every_row else ()), " ".join(filter(None, (key.dtype, _precision(key)))))
        return (*own, key.regime) if by_regime else own

    groups: dict[tuple[str, ...], list[Figure]] = {}
    for f in figures:
        groups.setdefault(line(f.key), []).append(f)
    for own, members in groups.items():
        if not every_row and all(f.key.precision == "" for f in members):
            continue  # a peer's line of a dtype that symce computes otherwise: it stands beside
        peers = _beside(groups, own, members, every_row)
        found = {(OURS, name): f for name, f in _columns([f for f in members if every_row or f.key.precision])}
        found |= {(PEER, name): f for name, f in _columns(peers)}
        yield [*own], found, verdict(all(f.ok for f in members))


def _precision(key: Key) -> str:
    """What the dtype's name does not say."""
    return key.precision if key.precision == "wide" else ""


def _beside(
    groups: dict[tuple[str, ...], list[Figure]], own: tuple[str, ...], members: Sequence[Figure], every_row: bool
) -> list[Figure]:
    """PyTorch's figures of the same rows: they have one precision, and stand beside each of symce's."""
    if every_row:
        return []
    same = groups.get(tuple(part.removesuffix(" wide") for part in own), members)
    return [f for f in same if f.key.precision == "" and f.key.dtype]


def _columns(figures: Sequence[Figure]) -> Iterator[tuple[str, Figure]]:
    for quantity, name in COLUMNS.items():
        of = [f for f in figures if f.key.quantity == quantity]
        if of:
            yield name, worst(of, of[0].key)


def _peers(figures: Sequence[Figure]) -> list[str]:
    """Which function of PyTorch stands beside which loss."""
    found = {f"{f.key.loss}: {f.key.by}": None for f in figures if f.key.dtype and not f.key.precision}
    return list(found)


def _cell(figure: Figure | None) -> str:
    """The worst error, and what is worse than any."""
    if figure is None:
        return ""
    counts = {"NaN!": figure.nans, "inf!": figure.infinities, "num!": figure.wrong_numbers, "0!": figure.zeros}
    marks = [mark for mark, count in counts.items() if count]
    if marks:
        return " ".join(marks)
    if figure.of_terms < figure.strict / 2 and figure.strict > 1:
        return f"{_number(figure.strict)} ({_number(figure.of_terms)})"
    return _number(figure.strict)


def _number(x: float) -> str:
    if not math.isfinite(x):
        return "wrong"
    if x < 0.005:
        return "0"
    return f"{x:.2g}" if x < 99.5 else f"{x:.0e}".replace("e+0", "e").replace("e+", "e")


def _long(a: object) -> bool:
    return isinstance(a, list) and len(a) > 12

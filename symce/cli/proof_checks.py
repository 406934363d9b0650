"""Checking proofs given as data, and what came out of it; shared by ``check`` and ``derive``."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from typing import Any

from symce.check import DocumentError, Problem, Report, check_proof, check_rows
from symce.check.rules import CITATION, known_rules
from symce.cli.output import Steps, say, table


@dataclass(frozen=True)
class Checks:
    """The reports of all proofs, by the loss, chapter or file that they are of."""

    reports: Mapping[str, Sequence[Report]]

    @property
    def ok(self) -> bool:
        """Whether every proof holds, and there was one."""
        return bool(self.all) and all(report.ok for report in self.all)

    @property
    def all(self) -> list[Report]:
        return [report for reports in self.reports.values() for report in reports]


@contextmanager
def checking(proofs: Mapping[str, Sequence[Any]], *, beside: int = 0) -> Iterator[Callable[[Steps], Checks]]:
    """Begin to check every proof, on all cores but ``beside``; the function that is given waits for the outcome.

    A proof that does not follow the format, or cites what is not in its file, is a problem of that proof.
    """
    workers = min(len(proofs), cores() - beside)
    if workers < 1 or len(proofs) <= 1 - beside:
        yield lambda steps: Checks({n: _check_file(proofs[n]) for n in steps.over("checking", list(proofs), proofs)})
        return
    # spawned, not forked: a bar on the terminal is drawn by a thread, and threads do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts) as pool:
        with _interrupts_held():  # the workers start here, and import for a while before they can ignore anything
            waiting = {name: pool.submit(_check_file, proofs[name]) for name in proofs}
        try:
            yield lambda steps: Checks({n: waiting[n].result() for n in steps.over("checking", list(proofs), proofs)})
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until this is over; processes that are started meanwhile never see it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal: the one that waits for the others ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check_file(proofs: Sequence[Any]) -> list[Report]:
    reports = [_check(proof) for proof in proofs]
    read = {p["name"]: p for p, report in zip(proofs, reports, strict=True) if report.points}
    # a proof on its own cites what others know; in a file of several, what is cited has to be there
    known = {str(p.get("name")) for p in proofs if isinstance(p, Mapping)}
    known |= {name.removeprefix(CITATION) for name in known_rules()}
    return [
        check_rows(proof, read, report if len(proofs) == 1 else _with_missing(proof, known, report))
        if report.points
        else report
        for proof, report in zip(proofs, reports, strict=True)
    ]


def _check(proof: Any) -> Report:
    """The report on one proof; one without a point for what cannot be read."""
    try:
        return check_proof(proof)
    except DocumentError as error:
        name = str(proof.get("name", "?")) if isinstance(proof, Mapping) else "?"
        return Report(name, (Problem(f"it cannot be read: {error}"),), 0, ())


def _with_missing(proof: Mapping[str, Any], known: set[str], report: Report) -> Report:
    missing = [cited for cited in proof["cites"] if cited not in known]
    problems = tuple(Problem(f"it cites {cited!r}, which is not in the file") for cited in missing)
    return replace(report, problems=(*report.problems, *problems))


def outcome(checks: Checks, origins: Mapping[str, str]) -> dict[str, Any]:
    """The checks as JSON data."""
    return {
        "ok": checks.ok,
        "proofs": [
            {"of": name, "origin": origins.get(name, "derived"), "ok": report.ok, **asdict(report)}
            for name, reports in checks.reports.items()
            for report in reports
        ],
    }


def print_checks(checks: Checks, origins: Mapping[str, str] | None = None) -> None:
    """A table with one line a loss, then every problem, then what could not be tried and why."""
    rows = []
    for name, reports in checks.reports.items():
        comparisons = sum(report.comparisons for report in reports)
        ok = "ok" if all(report.ok for report in reports) else "FAILED"
        origin = [] if origins is None else [origins.get(name, "derived")]
        rows.append((name, f"{len(reports)}", f"{comparisons:,}", *origin, ok))
    headings = ("proofs of", "proofs", "comparisons", *([] if origins is None else ["from"]), "")
    table(headings, rows, right=("proofs", "comparisons"))
    for name, reports in checks.reports.items():
        for report in reports:
            for problem in report.problems:
                say(f"FAILED {name}, {report.name}: {problem.text()}", "bold red")
        excluded = {reason: None for report in reports for reason in report.excluded}
        for reason in excluded:
            count = sum(reason in report.excluded for report in reports)
            say(f"note: {name}: {count} proofs not tried at {reason}", "yellow")
    total = sum(report.comparisons for report in checks.all)
    say(
        f"{'ok' if checks.ok else 'FAILED'}: {len(checks.all)} proofs, {total:,} comparisons",
        "green" if checks.ok else "bold red",
    )

"""The command: everything is measured, in turn, printed as it is done, and written as Markdown, JSON and plots."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.speed import plots, start
from benchmarks.speed.goals import judge
from benchmarks.speed.machine import busy, describe
from benchmarks.speed.peers import CONTESTANTS
from benchmarks.speed.report import duration, goals_table, markdown, write_between
from benchmarks.speed.results import Memory, Results
from benchmarks.speed.shapes import LOSSES, MEMORY_SHAPE, SECTIONS, Cell, cells
from benchmarks.speed.timing import ROUNDS, measure
from benchmarks.speed.workers import CHECKOUT, Workers

PAGE = CHECKOUT / "docs" / "performance.md"
MINUTES = 14.0
LONGEST = 8.0  # seconds of rounds in a cell; enough for 31 of most
INTERRUPTED = "interrupted"
SHORT, FEWEST = 4.0, 3  # when so few seconds a cell are left, so few rounds must do


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description="How fast the kernels are, against everything else that computes the same numbers.",
        epilog="Exit status: 0 every goal that was measured is met, 1 one is missed, 2 nothing ran, 130 interrupted.",
    )
    names = (*SECTIONS, *(loss for loss in LOSSES if loss != "linear_cross_entropy"))
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="two shapes, smaller batches: minutes, not a quarter hour")
    parser.add_argument("--threads", type=int, default=len(_processors()), help="of every contestant (all processors)")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"rounds are cut to fit, cells left out ({MINUTES:g})"
    )
    parser.add_argument("--out", type=Path, default=CHECKOUT / "build" / "speed", help="folder (build/speed)")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="JSON", help="report an earlier run, measure nothing"
    )
    parser.add_argument("--write", action="store_true", help=f"put tables and plots into {PAGE.relative_to(CHECKOUT)}")
    asked = parser.parse_args(given)
    if not 1 <= asked.threads <= len(_processors()):
        parser.error(f"--threads: {asked.threads}; allowed: 1 to {len(_processors())}, the processors there are")
    if not asked.minutes > 0:
        parser.error(f"--minutes: {asked.minutes}; allowed: a number > 0")
    return asked


def _processors() -> Sequence[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def wanted(cell: Cell, only: Sequence[str] | None) -> bool:
    """``--only`` names sections, and losses whose times are meant."""
    return not only or cell.section in only or (cell.section == "times" and cell.loss in only)


def run(asked: argparse.Namespace, console: Console) -> Results:
    """Measure what was asked for; what was found is in the file after every step, and is returned if interrupted."""
    results = Results(describe(asked.threads), asked.threads)
    todo = [cell for cell in cells(asked.quick) if wanted(cell, asked.only)]
    linear = next(cell for cell in cells(asked.quick) if cell.section == "linear")
    memory = [
        Cell("memory", "cross_entropy", *MEMORY_SHAPE),
        Cell("memory", linear.loss, linear.rows, linear.classes, features=linear.features),
    ]
    memory = [cell for cell in memory if wanted(cell, asked.only)]
    steps = len(todo) + len(memory) + (not asked.only or "start" in asked.only)
    end = time.perf_counter() + 60 * asked.minutes
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = progress.add_task("", total=steps)

    def done(lines: Iterator[str]) -> None:
        for line in lines:
            progress.console.print(line, highlight=False, markup=False, soft_wrap=True)
        progress.advance(task)
        results.save(asked.out / "speed.json")

    with progress, Workers(asked.threads) as workers:
        try:
            if not asked.only or "start" in asked.only:
                progress.update(task, description=SECTIONS["start"])
                try:
                    results.start = start.measure()
                except RuntimeError as error:
                    results.absent["start"] = str(error)
                done(_start_lines(results))
            for number, cell in enumerate(memory):
                progress.update(task, description=cell.key)
                results.memory.append(_memory(cell, workers))
                done(_memory_lines(results.memory[number]))
            for number, cell in enumerate(todo):
                progress.update(task, description=cell.key)
                share = (end - time.perf_counter()) / (len(todo) - number)
                if share < 0:
                    results.absent[cell.key] = f"no time was left of {asked.minutes:g} minutes"
                    done(iter((f"{cell.key}: {results.absent[cell.key]}",)))
                    continue
                contestants = [c for c in CONTESTANTS if c.takes(cell)]
                rounds = ROUNDS if share > SHORT else (FEWEST, ROUNDS[1])
                results.timed.append(measure(cell, contestants, workers, min(LONGEST, share), rounds))
                done(_timed_lines(results))
            results.complete = not asked.only and not asked.quick and not results.absent
        except KeyboardInterrupt:
            results.absent["run"] = INTERRUPTED
            console.print(f"{INTERRUPTED}: what was found so far is kept")
    results.save(asked.out / "speed.json")
    return results


def _memory(cell: Cell, workers: Workers) -> Memory:
    found = Memory(cell)
    for contestant in CONTESTANTS:
        if not contestant.takes(cell):
            continue
        answer = workers.memory(contestant, cell)
        if "bytes" in answer:
            found.bytes[contestant.name] = answer["bytes"]
        else:
            found.absent[contestant.name] = answer.get("missing") or answer["failed"]
    return found


def _timed_lines(results: Results) -> Iterator[str]:
    timed = results.timed[-1]
    rounds = max(map(len, timed.samples.values()), default=0)
    yield f"{timed.cell.key}, {rounds} rounds"
    for name in sorted(timed.samples, key=timed.median):
        yield f"  {duration(timed.median(name)):>9}  {name}"
    yield from (f"  {'-':>9}  {name}: {reason}" for name, reason in timed.absent.items())


def _memory_lines(found: Memory) -> Iterator[str]:
    yield found.cell.key
    yield from (f"  {b / 1e6:>6.1f} MB  {name}" for name, b in found.bytes.items())
    yield from (f"  {'-':>9}  {name}: {reason}" for name, reason in found.absent.items())


def _start_lines(results: Results) -> Iterator[str]:
    yield SECTIONS["start"]
    yield from (f"  {duration(s):>9}  {name}" for name, s in results.start.items())
    if "start" in results.absent:
        yield f"  {'-':>9}  {results.absent['start']}"


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    console = Console()
    if asked.source is not None:
        try:
            results = Results.load(asked.source)
        except (OSError, ValueError, TypeError, KeyError) as error:
            print(f"--from: {asked.source}: {error}; allowed: a speed.json that this command wrote", file=sys.stderr)
            return 2
    else:
        if busy(asked.threads):
            console.print("warning: the machine is busy; times and ratios will be off", style="bold")
        results = run(asked, console)
    verdicts = judge(results)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "speed.md").write_text(markdown(results), encoding="utf-8")
    console.print(f"\n{goals_table(verdicts)}\n", highlight=False, markup=False, soft_wrap=True)
    try:
        drawn = plots.draw(results, asked.out)
    except ImportError as error:
        drawn = []
        console.print(f"no plots: {error}; pip install 'symce[bench]'")
    console.print(f"written: {', '.join(str(p) for p in (asked.out / 'speed.json', asked.out / 'speed.md', *drawn))}")
    if asked.write:
        write_page(results)
    if INTERRUPTED in results.absent.values():
        return 130  # what a shell makes of Ctrl-C
    return int(any(v.met is False for v in verdicts))


def write_page(results: Results) -> None:
    """The page's tables, and the plots beside it."""
    folder = PAGE.with_suffix("")
    drawn = plots.draw(results, folder)
    pictures = "\n\n".join(f"![{p.stem}]({folder.name}/{p.name})" for p in drawn)
    write_between(PAGE, markdown(results) + (f"\n{pictures}\n" if pictures else ""))


if __name__ == "__main__":
    sys.exit(main())

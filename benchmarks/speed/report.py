"""A run's results as Markdown: the goals first, then every table that they were read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.speed.goals import MEGABYTE, Verdict, growth, judge
from benchmarks.speed.peers import CONTESTANTS
from benchmarks.speed.peers.contestant import EAGER, NATIVE_KEPT
from benchmarks.speed.results import NotMeasured, Results
from benchmarks.speed.shapes import DTYPES, GROWTH_IN_K, GROWTH_IN_N, LOSSES
from benchmarks.speed.timing import Timed

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ORDER = [c.name for c in CONTESTANTS]


def duration(seconds: float) -> str:
    """Three digits, in the unit that fits."""
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def markdown(results: Results) -> str:
    """The whole report."""
    return "\n\n".join(_parts(results)) + "\n"


def _parts(results: Results) -> Iterator[str]:
    yield "Measured by `make bench` on: " + "; ".join(
        about if name == "machine" else f"{name} {about}" for name, about in results.machine.items()
    )
    if not results.complete:
        yield "**This run was not a whole one**: interrupted, or asked for a part."
    yield goals_table(judge(results))
    for loss, title in LOSSES.items():
        for dtype in DTYPES:
            cells = [t for t in results.section("times") if (t.cell.loss, t.cell.dtype) == (loss, dtype)]
            if any(t.samples for t in cells):
                yield f"**{title.capitalize()}, {dtype}, loss and gradient** (times as fast as {EAGER})"
                yield times_table(cells, EAGER)
    for section, title in (
        ("overhead", "One call of cross-entropy, float32, K = 10"),
        ("linear", "Linear layer and cross-entropy, float32: loss and the gradients of x and W"),
    ):
        if any(t.samples for t in results.section(section)):
            yield f"**{title}**"
            yield times_table(results.section(section))
    yield from _growth(results)
    yield from _memory(results)
    if results.start:
        yield "**First call of a native kernel, beyond what the second takes**"
        yield table(("kernel", "time"), ((name, duration(s)) for name, s in results.start.items()))
    missing = sorted(set(absences(results)))
    if missing:
        yield "**Not measured**"
        yield "\n".join(f"- {line}" for line in missing)


def goals_table(verdicts: Sequence[Verdict]) -> str:
    """The goals that the run was asked for, and how many it was not."""
    rows = [(v.goal.what, v.goal.bound, v.measured, v.word) for v in verdicts if v.asked]
    left = len(verdicts) - len(rows)
    more = f"\n\n{left} more goals are not part of this run." if left else ""
    return table(("what", "goal", "measured", "met"), rows, "lrrl") + more


def times_table(cells: Sequence[Timed], base: str = "") -> str:
    """A row a contestant, a column a shape."""
    present = sorted({n for t in cells for n in t.samples}, key=ORDER.index)
    return table(
        ("", *(t.cell.shape for t in cells)),
        ((name, *(_time(t, name, base) for t in cells)) for name in present),
    )


def _time(timed: Timed, name: str, base: str) -> str:
    if name not in timed.samples:
        return ""
    ratio = f" ({timed.ratio(name, base):.3g}x)" if base in timed.samples else ""
    return duration(timed.median(name)) + ratio


def _growth(results: Results) -> Iterator[str]:
    shapes = {"N, K = 1,000": GROWTH_IN_N, "K, N = 100": GROWTH_IN_K}
    rows = []
    for along, family in shapes.items():
        try:
            power, range_ = growth(NATIVE_KEPT, family)(results)
        except NotMeasured:
            continue
        cells = [t for t in results.section("growth") if (t.cell.rows, t.cell.classes) in family]
        per = [1e9 * t.median(NATIVE_KEPT) / (t.cell.rows * t.cell.classes) for t in cells]
        rows.append((along, range_, f"{power:.3f}", ", ".join(f"{p:.2f}" for p in per)))
    if rows:
        yield f"**Growth of time, {NATIVE_KEPT}, float32**"
        yield table(("with", "from", "power", "nanoseconds an element, from few to many"), rows)


def _memory(results: Results) -> Iterator[str]:
    for found in results.memory:
        if not found.bytes:
            continue
        size = 4 * found.cell.rows * found.cell.classes
        yield f"**Peak extra memory, {LOSSES[found.cell.loss]}, {found.cell.shape}, float32, fresh processes**"
        rows = (
            (name, f"{b / MEGABYTE:.1f} MB", f"{b / size:.2f}")
            for name, b in sorted(found.bytes.items(), key=lambda entry: ORDER.index(entry[0]))
        )
        yield table(("", "memory", "times the logits"), rows)


def absences(results: Results) -> Iterator[str]:
    """Who was not there, where, and why: one line each."""
    for entry in (*results.timed, *results.memory):
        for name, reason in entry.absent.items():
            where = "" if "installed" in reason or "imported" in reason else f" ({entry.cell.key})"
            yield f"{name}{where}: {reason}"
    for section, reason in results.absent.items():
        yield f"{section}: {reason}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """A Markdown table; the first column to the left, the others to the right, unless ``align`` says otherwise."""
    align = align or "l" + "r" * (len(head) - 1)
    lines = [head, [{"l": "---", "r": "---:"}[a] for a in align], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_between(page: Path, content: str) -> None:
    """Put the content between the markers of a page. Raises ValueError where it has none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: no {BEGIN} and {END} to write between; put these lines where the tables belong")
    page.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}", encoding="utf-8")

"""What is promised, as data: each goal names the cells that it is read from, and its bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.speed.peers import contestant as names
from benchmarks.speed.results import Memory, NotAsked, NotMeasured, Results, fastest, there
from benchmarks.speed.shapes import DETECTION, GROWTH_IN_K, GROWTH_IN_N, LOSSES, MEMORY_SHAPE, SHAPES, TINY, Cell
from benchmarks.speed.timing import exponent

FASTEST = "the fastest peer"
FASTEST_LIMIT = "the fastest copy"
MEGABYTE = 1e6
#: a number, and a word beside it
Measure = Callable[[Results], tuple[float, str]]


@dataclass(frozen=True)
class Goal:
    """``measure`` gives the number and a word on it, or raises NotMeasured; a number between low and high meets it."""

    what: str
    measure: Measure
    low: float | None = None
    high: float | None = None
    unit: str = "x"

    @property
    def bound(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}{self.unit}"
        return f">= {self.low:g}{self.unit}" if self.low is not None else f"<= {self.high:.3g}{self.unit}"


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    measured: str
    met: bool | None  # None: not measured
    asked: bool = True

    @property
    def word(self) -> str:
        return {True: "yes", False: "**no**", None: "not measured"}[self.met]


def judge(results: Results) -> list[Verdict]:
    """Every goal, with what was measured, or why it was not."""
    verdicts = []
    for goal in GOALS:
        try:
            number, word = goal.measure(results)
        except NotMeasured as reason:
            verdicts.append(Verdict(goal, str(reason), None, not isinstance(reason, NotAsked)))
            continue
        met = (goal.low is None or number >= goal.low) and (goal.high is None or number <= goal.high)
        verdicts.append(Verdict(goal, f"{number:.3g}{goal.unit}{word and f' ({word})'}", met))
    return verdicts


def faster(own: str, other: str, loss: str, shape: tuple[int, int], dtype: str = "float32") -> Measure:
    """How many times as long the other takes, the median over rounds."""

    def measure(results: Results) -> tuple[float, str]:
        timed = results.cell("times", loss, shape, dtype)
        there(timed, own)
        name = fastest(timed, names.PEER) if other == FASTEST else there(timed, other)
        return timed.ratio(own, name), name if other == FASTEST else ""

    return measure


def times_as_long(own: str, shape: tuple[int, int]) -> Measure:
    """How many times as long as a copy of the same bytes it takes."""

    def measure(results: Results) -> tuple[float, str]:
        timed = results.cell("times", "cross_entropy", shape)
        there(timed, own)
        return timed.ratio(fastest(timed, names.LIMIT), own), ""

    return measure


def overhead(own: str) -> Measure:
    """Microseconds a call, the worst of the tiny batches."""

    def measure(results: Results) -> tuple[float, str]:
        cells = [results.cell("overhead", "cross_entropy", shape) for shape in TINY]
        worst = max(cells, key=lambda timed: timed.median(there(timed, own)))
        return 1e6 * worst.median(own), f"N = {worst.cell.rows}"

    return measure


def growth(own: str, shapes: tuple[tuple[int, int], ...]) -> Measure:
    """The fitted exponent."""

    def measure(results: Results) -> tuple[float, str]:
        present = {(t.cell.rows, t.cell.classes) for t in results.section("growth")}
        cells = [results.cell("growth", "cross_entropy", shape) for shape in shapes if shape in present]
        if len(cells) < 2:
            raise NotAsked
        sizes = [float(t.cell.rows * t.cell.classes) for t in cells]
        power = exponent(sizes, [t.median(there(t, own)) for t in cells])
        return power, f"{min(sizes):.0e} to {max(sizes):.0e} elements"

    return measure


def linear(own: str, over: Callable[[str], bool], fast: bool) -> Measure:
    """The time of the best of those that ``over`` picks, through own (``fast``), or the other way round."""

    def measure(results: Results) -> tuple[float, str]:
        timed = next(iter(results.section("linear")), None)
        if timed is None:
            raise NotAsked
        there(timed, own)
        others = [n for n in timed.samples if over(n)]
        if not others:
            raise NotMeasured("nothing to compare with could be timed")
        best = min(others, key=timed.median)
        return (timed.ratio(own, best), best) if fast else (timed.ratio(best, own), "")

    return measure


def memory_of(results: Results, loss: str, name: str) -> tuple[int, Cell]:
    """Peak extra bytes. Raises NotMeasured."""
    found = next((m for m in results.memory if m.cell.loss == loss), Memory(Cell("memory", loss, 0, 0)))
    if name in found.bytes:
        return found.bytes[name], found.cell
    raise NotMeasured(found.absent[name]) if name in found.absent else NotAsked


def memory_a_thread(name: str, returns_output: bool) -> Measure:
    """Megabytes a thread beyond the output."""

    def measure(results: Results) -> tuple[float, str]:
        found, cell = memory_of(results, "cross_entropy", name)
        beyond = found - (4 * cell.rows * cell.classes if returns_output else 0)
        return max(0, beyond) / MEGABYTE / results.threads, f"{cell.rows:,} x {cell.classes:,}"

    return measure


def linear_memory(results: Results) -> tuple[float, str]:
    own, _ = memory_of(results, "linear_cross_entropy", names.LINEAR)
    eager, _ = memory_of(results, "linear_cross_entropy", names.LINEAR_EAGER)
    return own / eager, f"{own / MEGABYTE:.0f} of {eager / MEGABYTE:.0f} MB"


def first_call(ending: str, scale: float) -> Measure:
    """The worst of the kernels."""

    def measure(results: Results) -> tuple[float, str]:
        found = {name: seconds for name, seconds in results.start.items() if name.endswith(ending)}
        if not found:
            raise NotMeasured(results.absent["start"]) if "start" in results.absent else NotAsked
        worst = max(found, key=lambda name: found[name])
        return scale * found[worst], worst.partition(",")[0]

    return measure


def table() -> Iterator[Goal]:
    """All goals, in the order in which they are printed."""
    N, T = names.NATIVE_KEPT, names.PYTORCH
    named = {shape: f"{shape[0]:,} x {shape[1]:,}" for shape in (*SHAPES, DETECTION)}
    for shape in SHAPES:
        yield Goal(f"{N}, against {FASTEST}, {named[shape]}", faster(N, FASTEST, "cross_entropy", shape), low=4)
    for shape in SHAPES:
        high = 2.0 if shape[1] >= 1_000 else 5.0
        yield Goal(f"{N}, against a copy of the same bytes, {named[shape]}", times_as_long(N, shape), high=high)
    for shape, low in zip(SHAPES, (2.5, 4, 8, 8), strict=True):
        what = f"{T}, forward and backward, against PyTorch eager's, {named[shape]}"
        yield Goal(what, faster(T, names.EAGER, "cross_entropy", shape), low=low)
    for loss in ("weighted_smoothed", "soft_targets", "focal"):
        for shape in SHAPES:
            what = f"{LOSSES[loss]}: {N}, against torch.compile, {named[shape]}"
            yield Goal(what, faster(N, names.COMPILED, loss, shape), low=3)
    for other, low in ((names.EAGER, 40), (names.COMPILED, 4)):
        what = f"{LOSSES['sigmoid_focal']}: {N}, against {other}, {named[DETECTION]}"
        yield Goal(what, faster(N, other, "sigmoid_focal", DETECTION), low=low)
    for dtype in ("float64", "bfloat16"):
        own = {"float64": N, "bfloat16": T}[dtype]  # NumPy has no bfloat16: there the tensors' kernel is the one
        for shape in SHAPES:
            what = f"{dtype}: {own}, against {FASTEST}, {named[shape]}"
            yield Goal(what, faster(own, FASTEST, "cross_entropy", shape, dtype), low=2)
    for shape in SHAPES:
        what = f"{names.NUMPY}, against the plain closed form, {named[shape]}"
        yield Goal(what, faster(names.NUMPY, names.PLAIN, "cross_entropy", shape), low=1.5)
    yield Goal(f"{names.NUMPY}, one call, N <= 32, K = 10", overhead(names.NUMPY), high=25, unit=" us")
    yield Goal(f"{N}, one call, N <= 32, K = 10", overhead(N), high=8, unit=" us")
    L = names.LINEAR
    yield Goal(f"{L}, against its three matrix products", linear(L, lambda n: n == names.PRODUCTS, False), high=1.1)
    yield Goal(f"{L}: peak extra memory, against eager's", linear_memory, high=1 / 3)
    what = f"{L}, against {names.LINEAR_TORCH} at its best setting"
    yield Goal(what, linear(L, lambda n: n.startswith(names.LINEAR_TORCH), True), low=1)
    where = f"at {MEMORY_SHAPE[0]:,} x {MEMORY_SHAPE[1]:,}"
    for name, returns in ((N, False), (names.NATIVE, True), (names.NATIVE_VALUE, False)):
        what = f"{name}: peak memory beyond the output, a thread, {where}"
        yield Goal(what, memory_a_thread(name, returns), high=2, unit=" MB")
    yield Goal("compiling one kernel", first_call("compiled", 1.0), high=1, unit=" s")
    yield Goal("the first call adds, with a warm cache", first_call("from the cache", 1e3), high=5, unit=" ms")
    yield Goal(f"{N}: time grows with N to the power", growth(N, GROWTH_IN_N), 0.95, 1.05, "")
    yield Goal(f"{N}: time grows with K to the power", growth(N, GROWTH_IN_K), 0.95, 1.05, "")


GOALS = tuple(table())

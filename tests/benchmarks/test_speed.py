"""The benchmark in short: two shapes, one thread, and bounds that only a large regression breaks.

The goals themselves are judged by ``make bench`` on a quiet machine; here other tests run on the other cores.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.speed.machine import compiler
from benchmarks.speed.peers import CONTESTANTS
from benchmarks.speed.peers.contestant import EAGER, NATIVE_KEPT, NUMPY, PLAIN, PYTORCH
from benchmarks.speed.shapes import Cell
from benchmarks.speed.timing import Timed, measure
from benchmarks.speed.workers import Workers

pytestmark = [pytest.mark.speed, pytest.mark.long]

SHAPES = ((8_192, 10), (256, 8_000))
#: who must be at least so many times as fast as whom; the goals are three times that and more
BOUNDS = ((NATIVE_KEPT, EAGER, 1.0), (PYTORCH, EAGER, 0.5), (NUMPY, PLAIN, 0.5))
TRIES = 3


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(threads=1) as found:
        yield found


def timed(workers: Workers, shape: tuple[int, int]) -> Timed:
    contestants = [c for c in CONTESTANTS if c.name in {name for bound in BOUNDS for name in bound[:2]}]
    return measure(Cell("times", "cross_entropy", *shape), contestants, workers, seconds=1.0, rounds=(7, 21))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}x{shape[1]}")
def test_no_large_regression(workers: Workers, shape: tuple[int, int]) -> None:
    slow = {}
    for _ in range(TRIES):
        found = timed(workers, shape)
        if compiler() is None:
            assert "compiler" in found.absent.pop(NATIVE_KEPT)
        assert not found.absent
        slow = {
            f"{own} against {other}": ratio
            for own, other, bound in BOUNDS
            if own in found.samples and (ratio := found.ratio(own, other)) < bound
        }
        if not slow:
            break
    assert not slow, f"times as fast, worse than the bounds in {TRIES} tries: {slow}"
    if compiler() is None:
        pytest.fail("native was not timed: there is no C compiler; install one (apt install gcc)")

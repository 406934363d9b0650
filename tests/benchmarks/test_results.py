"""Goals, tables and files of the benchmark, on results that are made up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.speed import __main__ as command
from benchmarks.speed import start
from benchmarks.speed.goals import GOALS, judge
from benchmarks.speed.memory import peak_of
from benchmarks.speed.peers import CONTESTANTS
from benchmarks.speed.peers.contestant import LIMIT, NATIVE_KEPT, PYTORCH, SYMCE
from benchmarks.speed.report import goals_table, markdown, write_between
from benchmarks.speed.results import KINDS, Memory, Results
from benchmarks.speed.shapes import MEMORY_SHAPE, Cell, cells
from benchmarks.speed.timing import Timed, _rounds, exponent
from benchmarks.speed.workers import Process, environment


def made_up(symce: float, peer: float, limit: float) -> Results:
    """A whole run in which an element takes so many nanoseconds, by kind."""
    seconds = {SYMCE: symce * 1e-9, LIMIT: limit * 1e-9}
    results = Results({"machine": "made up"}, threads=2, complete=True)
    for cell in cells(quick=False):
        own = {
            c.name: [seconds.get(c.kind, peer * 1e-9) * cell.rows * cell.classes * r for r in (1.0, 3.0, 2.0)]
            for c in CONTESTANTS
            if c.takes(cell)
        }
        results.timed.append(Timed(cell, own))
    for cell in (
        Cell("memory", "cross_entropy", *MEMORY_SHAPE),
        Cell("memory", "linear_cross_entropy", 9, 9, features=9),
    ):
        size = 4 * cell.rows * cell.classes
        found = {c.name: (size if KINDS[c.name] == SYMCE else 4 * size) for c in CONTESTANTS if c.takes(cell)}
        results.memory.append(Memory(cell, found | ({NATIVE_KEPT: 1000} if not cell.features else {})))
    results.memory[0].bytes["symce native, value alone"] = 0
    results.start = {"focal, compiled": 0.5, "focal, from the cache": 0.004}
    return results


def test_every_goal_is_read_from_a_whole_run() -> None:
    good = judge(made_up(symce=0.1, peer=5.0, limit=0.095))
    assert len(good) == len(GOALS) == 50
    assert [(v.goal.what, v.measured) for v in good if not v.met] == []
    bad = judge(made_up(symce=5.0, peer=0.1, limit=0.095))
    missed = [v for v in bad if v.met is False]
    assert len(missed) >= 35  # all but memory, start and growth
    assert all(v.word == "**no**" for v in missed)


def test_bounds_are_met_at_the_bound_and_missed_beyond() -> None:
    for peer, met in ((4.0, True), (3.99, False)):
        verdict = judge(made_up(symce=1.0, peer=peer, limit=1.0))[0]
        assert (verdict.met, verdict.goal.bound) == (met, ">= 4x")


def test_what_is_not_there_is_named_with_its_reason() -> None:
    results = made_up(1.0, 5.0, 1.0)
    for timed in results.timed:
        if timed.samples.pop(NATIVE_KEPT, None):
            timed.absent[NATIVE_KEPT] = "no C compiler: install one"
    verdict = judge(results)[0]
    assert (verdict.met, verdict.asked, verdict.measured) == (None, True, "no C compiler: install one")
    text = markdown(results)
    assert "not measured" in goals_table(judge(results))
    assert f"- {NATIVE_KEPT}" in text.partition("**Not measured**")[2]


def test_goals_that_a_part_of_a_run_was_not_asked_for_are_counted_and_not_shown() -> None:
    results = made_up(1.0, 5.0, 1.0)
    results.timed = results.section("overhead")
    table = goals_table(judge(results))
    assert "one call" in table
    assert "float64" not in table
    assert "more goals are not part of this run" in table


@given(st.floats(0.2, 3.0), st.floats(1e-9, 1e-3))
def test_the_exponent_of_a_power_is_found(power: float, scale: float) -> None:
    sizes = [10.0**n for n in range(5, 9)]
    assert exponent(sizes, [scale * s**power for s in sizes]) == pytest.approx(power, rel=1e-6)


def test_one_size_has_no_exponent() -> None:
    with pytest.raises(ValueError, match="two different ones"):
        exponent([3.0, 3.0], [1.0, 2.0])


def test_rounds_are_interleaved_and_who_fails_leaves() -> None:
    ready = list(CONTESTANTS[:3])
    calls: list[str] = []

    def sample(contestant):
        calls.append(contestant.name)
        return {"failed": "gone"} if contestant is ready_at_first[1] and len(calls) > 3 else {"seconds": 1.0}

    ready_at_first = list(ready)
    timed = Timed(Cell("times", "cross_entropy", 1, 1))
    _rounds(timed, ready, sample, seconds=0.0, rounds=(4, 9))
    a, b, c = (x.name for x in ready_at_first)
    assert calls == [a, b, c, b, c, a, *(a, c), *(c, a)]
    assert {n: len(s) for n, s in timed.samples.items()} == {a: 4, c: 4}
    assert timed.absent == {b: "gone"}


def test_ratios_are_taken_within_rounds() -> None:
    timed = Timed(Cell("times", "cross_entropy", 1, 1), {"a": [1.0, 10.0, 100.0], "b": [2.0, 20.0, 200.0]})
    assert timed.ratio("a", "b") == 2.0
    assert timed.median("b") == 20.0


def test_results_survive_their_file(tmp_path: Path) -> None:
    results = made_up(1.0, 5.0, 1.0)
    results.save(tmp_path / "new" / "speed.json")
    assert Results.load(tmp_path / "new" / "speed.json") == results
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["speed.json"]


def test_an_interrupted_run_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Cell] = []

    def measured(cell, contestants, workers, seconds, rounds):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(cell)
        return Timed(cell, {PYTORCH: [1.0]})

    monkeypatch.setattr(command, "measure", measured)
    monkeypatch.setattr(command, "busy", lambda threads: False)
    status = command.main(["--only", "overhead", "--threads", "1", "--out", str(tmp_path)])
    kept = Results.load(tmp_path / "speed.json")
    assert [t.cell for t in kept.timed] == done
    assert not kept.complete
    assert status == 130
    assert "not a whole one" in (tmp_path / "speed.md").read_text(encoding="utf-8")


def test_the_report_of_an_earlier_run_measures_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_up(5.0, 1.0, 1.0).save(tmp_path / "speed.json")
    assert command.main(["--from", str(tmp_path / "speed.json"), "--out", str(tmp_path)]) == 1
    assert "**no**" in capsys.readouterr().out
    assert {"speed.md", "speed.svg", "growth.svg"} <= {p.name for p in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "words", [["--threads", "0"], ["--minutes", "-1"], ["--only", "nothing"], ["--threads", "9999"]]
)
def test_arguments_out_of_range_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(words)
    assert refused.value.code == 2


def test_a_file_that_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--from", str(tmp_path / "none.json"), "--out", str(tmp_path)]) == 2
    (tmp_path / "wrong.json").write_text("{}", encoding="utf-8")
    assert command.main(["--from", str(tmp_path / "wrong.json"), "--out", str(tmp_path)]) == 2
    assert "allowed: a speed.json" in capsys.readouterr().err


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here", encoding="utf-8")
    with pytest.raises(ValueError, match="put these lines where the tables belong"):
        write_between(page, "a table")
    assert page.read_text(encoding="utf-8") == "nothing here"


def test_the_page_has_its_markers() -> None:
    text = command.PAGE.read_text(encoding="utf-8")
    assert text.count("<!-- measured: begin -->") == text.count("<!-- measured: end -->") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the high-water mark cannot be set back")
def test_peak_memory_is_that_of_the_call() -> None:
    held = np.ones(1 << 22)  # 32 MB before the call count for nothing

    def run() -> np.ndarray:
        ones = np.ones(1 << 22)  # named: NumPy would write the sum over what has no name
        return held + ones

    assert 60e6 < peak_of(run) < 80e6
    assert peak_of(lambda: None) < 4e6


def test_a_process_that_dies_is_an_answer_not_a_crash() -> None:
    process = Process(environment(CONTESTANTS[0], 1), threads=1)
    try:
        assert process.ask(do="drop") == {}
        assert process.ask(do="nothing")["failed"].startswith("AttributeError")
        process._process.kill()
        process._process.wait()
        assert "its process ended" in process.ask(do="drop")["failed"]
        assert not process.alive
    finally:
        process.end()


def test_a_kernel_that_is_not_there_is_said_by_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "KERNELS", ("no_such_loss",))
    with pytest.raises(RuntimeError, match="No module named"):
        start.measure()


def test_listing_the_contestants_imports_no_peer() -> None:
    code = "import sys, benchmarks.speed.peers; print(*({'torch', 'jax', 'numba', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=command.CHECKOUT
    )
    assert done.stdout.split() == []

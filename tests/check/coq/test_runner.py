"""A certificate is given to Coq under limits: accepted, rejected at the right place, ended in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from check.coq.conftest import GOOD, HEAD, SMALL, theorem

from symce.check.coq import checking, library, process
from symce.check.coq.certificate import Certificate
from symce.check.coq.checking import bench, judging
from symce.check.coq.library import BrokenLibrary, loads
from symce.check.coq.places import Places
from symce.check.coq.process import Runner
from symce.check.coq.store import open_store


def test_what_is_true_is_accepted(judge):
    verdict = judge(theorem("one", *GOOD) + theorem("two", *GOOD))
    assert verdict.ok
    assert (verdict.theorems, verdict.axioms, verdict.known) == (["one", "two"], [], False)


def test_a_false_step_is_found_by_number(judge):
    false = theorem("two", "step 1 (1 + 2) by rule_compute.", "step 2 (2 + 2) by rule_compute.", *GOOD[1:])
    verdict = judge(theorem("one", *GOOD) + false + theorem("three", *GOOD))
    assert not verdict.ok
    [failure] = verdict.failures
    assert (failure.theorem, failure.step) == ("two", 2)
    assert "step 2 is not proven" in failure.message
    assert (verdict.theorems, verdict.unseen) == (["one"], ["three"])


def test_a_step_over_several_lines_is_found(judge):
    text = theorem(
        "one", "step 1 (1 +\n      2) by rule_compute.", "step 2\n    (2 +\n    2) by\n    rule_compute.", GOOD[1]
    )
    assert judge(text).failures[0].step == 2


def test_a_false_result_is_found(judge):
    verdict = judge(theorem("one", GOOD[0], GOOD[1], claim="1 + 1 + 1 = 4"))
    assert verdict.failures[0].step == 2


def test_a_failure_names_the_proof_and_the_rule(small, installed):
    text = HEAD + theorem("mine_that_one", GOOD[0], "result 2 by (idtac).", claim="1 + 1 + 1 = 3")
    proof = {"name": "that-one", "steps": [{"rule": "cancel"}, {"rule": "collect"}]}
    places = Places.of(text, {"name": "mine", "proofs": [proof]})
    with bench(installed, 1) as place:
        failure = place.judge(Certificate(text, ()), places).failures[0]
    assert (failure.proof, failure.step, failure.rule) == ("that-one", 2, "collect")
    assert failure.text().startswith("that-one, step 2 (collect): ")


def test_what_runs_for_ever_is_ended_with_all_it_started(judge, monkeypatch):
    monkeypatch.setattr(checking, "START", 3.0)
    monkeypatch.setattr(checking, "STEP", 0.0)
    start = time.monotonic()
    verdict = judge(theorem("one", "result 1 by rule_forever."))
    assert time.monotonic() - start < 20
    assert verdict.failures[0].message == "it took longer than 3 s"
    assert verdict.theorems == []


def test_a_process_is_ended_with_its_children(tmp_path):
    script = (
        "import subprocess, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); time.sleep(600)"
    )
    done = Runner().run([sys.executable, "-c", script], tmp_path, 2.0, os.environ)
    assert done.ended == "it took longer than 2 s"
    assert _gone(int(done.out))


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_memory_has_a_limit(judge, monkeypatch):
    monkeypatch.setattr(process, "MEMORY", 512)
    verdict = judge(theorem("one", "result 1 by rule_memory.", claim="Nat.even (tower 5) = true"))
    assert "memory" in verdict.failures[0].message.lower()


def test_a_runner_that_is_stopped_ends_what_runs_and_begins_nothing(tmp_path):
    runner = Runner()
    threading.Timer(0.5, runner.stop).start()
    start = time.monotonic()
    assert runner.run(["sleep", "60"], tmp_path, 60.0, os.environ).ended == "it was interrupted"
    assert runner.run(["sleep", "60"], tmp_path, 60.0, os.environ).ended == "it was interrupted"
    assert time.monotonic() - start < 20


def test_an_error_while_waiting_ends_all(small, installed):
    text = HEAD + theorem("one", "result 1 by rule_forever.")
    pair = Certificate(text, ()), Places(text, {})
    start = time.monotonic()

    def interrupted():
        with bench(installed, 2) as place, judging(place, dict.fromkeys("abcdef", pair), 2):
            time.sleep(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - start < 30


def test_several_at_a_time_come_in_the_order_asked(small, installed):
    texts = {f"t{n}": HEAD + theorem(f"t{n}", *GOOD) + "\n" * n for n in range(6)}
    with (
        bench(installed, 2) as place,
        judging(place, {n: (Certificate(t, ()), Places(t, {})) for n, t in texts.items()}, 2) as waiting,
    ):
        assert {n: w.result().theorems for n, w in waiting.items()} == {n: [n] for n in texts}
        assert list(waiting) == list(texts)


# --- the library -----------------------------------------------------------------------------------------------------


def test_a_library_that_does_not_compile_is_named(small, installed, monkeypatch):
    broken = {**SMALL, "Steps": SMALL["Steps"] + "Lemma bad : 1 = 2. Proof. reflexivity. Qed.\n"}
    monkeypatch.setattr(library, "sources", lambda: broken)
    with (
        pytest.raises(BrokenLibrary, match=r"theories/Steps\.v does not compile with Coq .* Unable to unify"),
        bench(installed, 2),
    ):
        pass
    assert [p.name for p in small.iterdir() if p.is_dir()] == []


def test_a_library_with_an_axiom_is_refused(small, installed, monkeypatch):
    monkeypatch.setattr(library, "sources", lambda: {**SMALL, "Rules": SMALL["Rules"] + "\nAxiom yes : 1 = 2.\n"})
    with pytest.raises(BrokenLibrary, match=r"Rules\.v, line 7: it holds the word Axiom"), bench(installed, 2):
        pass


def test_what_a_file_loads():
    assert loads(
        "(* From Symce Require A. *)\nFrom Symce Require Export B C\n  D.\nFrom Coq Require Import Reals."
    ) == [
        "B",
        "C",
        "D",
    ]


def test_the_library_is_compiled_once(small, installed):
    with bench(installed, 1) as place:
        first = (place.library / "Steps.vo").stat().st_mtime_ns
    with bench(installed, 1) as place:
        assert (place.library / "Steps.vo").stat().st_mtime_ns == first
        (place.library / "Steps.vo").unlink()
    with bench(installed, 1) as place:
        assert (place.library / "Steps.vo").stat().st_mtime_ns > first


def test_two_at_once_make_one_library(small, installed):
    results = []

    def one():
        with bench(installed, 1) as place:
            results.append((place.library / "Steps.vo").stat().st_ino)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1
    assert [p.name for p in small.iterdir() if p.name.startswith("making-")] == []


def test_a_library_nobody_used_for_long_is_removed(small, installed):
    store = open_store(small, "0" * 32)
    store.library.mkdir(parents=True)
    os.utime(store.folder, (1, 1))
    with bench(installed, 1) as place:
        assert place.library.is_dir()
    assert not store.folder.exists()


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if state.startswith("Z") or not state.strip():
            return True
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    return False

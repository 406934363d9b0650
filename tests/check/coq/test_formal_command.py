"""``check --formal``: what it proves, what it says, and what it does where Coq is missing or gets stuck."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from check.coq.conftest import GOOD, HEAD, theorem

from symce.check.coq import toolchain
from symce.check.coq.certificate import Certificate, Missing
from symce.cli import formal
from symce.cli.app import main

AXIOMS = "from the axioms of the real numbers, extensionality of functions and the excluded middle"


@pytest.fixture
def run(capsys, small):
    """Runs ``check --formal`` with the small library: its status, and what it said."""

    def result(*arguments):
        capsys.readouterr()
        status = main(["check", "--formal", *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return result


@pytest.fixture
def certificates(monkeypatch):
    """The certificates by the name of the file that they are of; those of other files hold one theorem."""
    texts: dict[str, Certificate] = {}

    def made(data):
        name = str(data.get("name"))
        return texts.get(name) or Certificate(HEAD + theorem(name.replace("-", "_"), *GOOD), ())

    monkeypatch.setattr(formal, "certificate", made)
    return texts


def test_what_is_proven_is_listed(run, certificates):
    status, out, err = run("nll_loss", "smoothing")
    assert status == 0
    assert re.search(r"^nll_loss +1 +[\d.]+ s  generated/proofs/nll_loss.json +ok$", out, re.MULTILINE)
    assert re.search(r"^smoothing +1 ", out, re.MULTILINE)
    assert out.endswith("\nok: 2 theorems proven by Coq " + toolchain.find().version + f" for all K, {AXIOMS}\n")
    assert err.splitlines() == ["reading (2)", "writing certificates (2)", "compiling the library", "proving (2)"]
    assert re.search(r"^nll_loss +1 +known", run("nll_loss")[1], re.MULTILINE)
    assert re.search(r"^nll_loss +1 +[\d.]+ s", run("nll_loss", "--no-cache")[1], re.MULTILINE)


def test_everything_is_the_whole_catalogue(run, certificates, checkout):
    status, out, _ = run("--jobs", "2", "--json")
    names = [c["of"] for c in json.loads(out)["certificates"]]
    assert status == 0
    assert sorted(names) == sorted(p.stem for p in (checkout / "generated" / "proofs").glob("**/*.json"))


def test_a_failure_names_file_proof_step_and_rule(run, certificates):
    text = (
        HEAD + theorem("nll_loss_gradient", "step 1 (2 + 2) by rule_compute.", GOOD[1]) + theorem("nll_loss_a", *GOOD)
    )
    certificates["nll_loss"] = Certificate(text, ())
    status, out, _ = run("smoothing", "nll_loss")
    assert status == 1
    assert "FAILED nll_loss, gradient, step 1 (chain-rule): Tactic failure: step 1 is not proven." in out
    assert "note: nll_loss: Coq stopped there; 1 theorem after it not looked at" in out
    assert re.search(r"^smoothing .* ok$", out, re.MULTILINE)
    assert out.splitlines()[-1].startswith("FAILED: 1 theorem proven")


def test_what_is_not_certified_is_said(run, certificates):
    certificates["nll_loss"] = Certificate(HEAD + theorem("a", *GOOD), (Missing("gradient", 3, "in-cases"),))
    status, out, _ = run("nll_loss")
    assert status == 0
    assert re.search(r"^nll_loss .* incomplete$", out, re.MULTILINE)
    assert "note: nll_loss, gradient: step 3 is not certified: no tactic proves in-cases" in out
    document = json.loads(run("nll_loss", "--json")[1])
    assert (document["ok"], document["complete"]) == (True, False)
    assert document["certificates"][0]["missing"] == [{"proof": "gradient", "step": 3, "rule": "in-cases"}]


def test_nothing_proven_is_no_success(run, certificates):
    certificates["nll_loss"] = Certificate(HEAD, (Missing("gradient", 1, "in-cases"),))
    assert run("nll_loss")[0] == 1


def test_from_which_number_of_classes(run, certificates):
    text = theorem("a", "apply le_n.", claim="forall K, (2 <= K)%nat -> K <= K")
    certificates["nll_loss"] = Certificate(HEAD + text, ())
    status, out, _ = run("nll_loss")
    assert status == 0
    assert "note: nll_loss: 1 theorem proven for K >= 2 only" in out


def test_a_certificate_on_disk_that_says_something_else_is_noticed(run, certificates, checkout, tmp_path):
    folder = tmp_path / "proofs"
    folder.mkdir()
    (folder / "nll_loss.json").write_text((checkout / "generated/proofs/nll_loss.json").read_text())
    assert "is not what its data give" not in run("nll_loss", "--out", tmp_path)[1]
    (folder / "nll_loss.v").write_text("Axiom a : 1 = 2.")
    status, out, _ = run("nll_loss", "--out", tmp_path)
    assert status == 0
    assert f"note: nll_loss: {folder}/nll_loss.v is not what its data give: python -m symce derive" in out
    assert json.loads(run("nll_loss", "--out", tmp_path, "--json")[1])["certificates"][0]["outdated"]


def test_json_says_what_was_found(run, certificates):
    status, out, err = run("nll_loss", "--json")
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert (document["command"], document["formal"], document["ok"]) == ("check", True, True)
    assert document["coq"] == toolchain.find().version
    [of] = document["certificates"]
    assert (of["of"], of["origin"], of["ok"], of["theorems"], of["axioms"], of["known"]) == (
        "nll_loss",
        "generated/proofs/nll_loss.json",
        True,
        ["nll_loss"],
        [],
        False,
    )


def test_a_file_that_holds_no_proof(run, certificates, tmp_path):
    path = tmp_path / "proof.json"
    for content in ('{"format": "mine"}', "[]", "3", '{"proofs": 3}'):
        path.write_text(content)
        status, out, _ = run(path)
        assert status == 1
        assert "it cannot be read" in out
    path.write_text("{")
    assert run(path)[0] == 2


def test_a_single_proof_and_a_loss_of_ones_own(run, certificates, checkout, tmp_path):
    proofs = json.loads((checkout / "generated/proofs/nll_loss.json").read_text())["proofs"]
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proofs[0]))
    loss = tmp_path / "mine.toml"
    loss.write_text('[loss]\nname = "mine"\ntitle = "Mine"\ntarget = "index"\nvalue = "-log(p[c])"\n')
    status, out, _ = run(path, loss)
    assert status == 0
    assert re.search(r"^mine +1 .* derived +ok$", out, re.MULTILINE)


def test_options_of_coq_without_coq(capsys):
    for option in (["--no-cache"], ["--jobs", "2"]):
        assert main(["check", "nll_loss", *option]) == 2
        assert "Add --formal" in capsys.readouterr().err


def test_a_cache_that_cannot_be_used(run, certificates, small):
    small.parent.mkdir(parents=True)
    small.write_text("")
    status, _, err = run("nll_loss")
    assert status == 2
    assert "the cache cannot be used" in err
    assert "--no-cache" in err
    assert run("nll_loss", "--no-cache")[0] == 0


# --- where Coq is missing, or is not what is needed ------------------------------------------------------------------


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A program in the place of coqc, as a shell script."""

    def put(script: str) -> Path:
        path = tmp_path / "coqc"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("COQC", str(path))
        return path

    return put


def test_without_coq_it_says_what_to_install(run, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    status, out, err = run("nll_loss")
    assert (status, out) == (2, "")
    assert "check --formal needs Coq and its library Coquelicot: there is no coqc on this machine" in err
    for way in ("apt install coq libcoq-coquelicot", "opam install coq-coquelicot", "conda install -c conda-forge"):
        assert way in err


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 8.16.1 4.13.1", "Coquelicot is not"),
        ("echo 8.15.0 4.13.1", "is version 8.15.0; the certificates need Coq 8.16 or newer"),
        ("exit 3", "does not answer: exit status 3"),
        ("echo something", "the certificates need Coq 8.16 or newer"),
    ],
)
def test_another_coq_is_refused(run, program, script, said):
    program(script)
    status, _, err = run("nll_loss")
    assert status == 2
    assert said in err
    assert "apt install" in err


def test_a_program_that_is_not_there(run, monkeypatch):
    monkeypatch.setenv("COQC", "/no/such/coqc")
    status, _, err = run("nll_loss")
    assert status == 2
    assert "COQC names /no/such/coqc" in err


def test_doctor_says_whether_coq_is_there(capsys, monkeypatch):
    assert main(["doctor"]) == 0
    assert re.search(r"^ok +Coq +\d.*with Coquelicot", capsys.readouterr().out, re.MULTILINE)
    monkeypatch.setenv("COQC", "/no/such/coqc")
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^no +Coq ", out, re.MULTILINE)
    assert "apt install coq libcoq-coquelicot" in out


# --- interrupted -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_no_process_and_no_file(program, tmp_path, number, status):
    where = toolchain.find().libraries
    pids = tmp_path / "pids"
    program(
        f"""case "$1" in --print-version) echo 8.16.1 x; exit;; -where) echo {where}; exit;; esac
echo $$ >> {pids}; sleep 600 & echo $! >> {pids}; wait"""
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "symce", "check", "--formal", "nll_loss"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch), "SYMCE_CACHE": str(tmp_path / "cache")},
        start_new_session=True,
    )
    while process.poll() is None and not (pids.exists() and len(pids.read_text().split()) >= 2):
        time.sleep(0.05)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert "Traceback" not in err
    assert list(scratch.iterdir()) == []
    assert [p.name for p in (tmp_path / "cache" / "coq").iterdir() if p.is_dir()] == []
    left = [pid for pid in pids.read_text().split() if _runs(int(pid))]
    assert left == []


def _runs(pid: int) -> bool:
    for _ in range(50):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not state.strip() or state.startswith("Z"):
            return False
        time.sleep(0.1)
    return True

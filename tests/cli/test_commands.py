"""list, show, check, verify, doctor; and what every command has in common: errors and exit statuses."""

from __future__ import annotations

import json
import os
import shutil

import pytest

import symce
from symce.cli import doctor
from symce.losses import catalogue
from symce.theorems import chapters

# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "fokal"], "Did you mean focal?"),
        (["show", "Cross-Entropy"], "cross_entropy"),
        (["derive", "qqqqqq"], "There are: bce_with_logits, "),
        (["derive", "nowhere.toml"], "there is no such file"),
        (["derive", "nll_loss", "--target", "nunpy"], "Did you mean numpy?"),
        (["derive", "nll_loss", "--target", "fortran"], "There are: numpy, torch, javascript, native, jax, triton."),
        (["derive", "--no-such-option"], "derive --help"),
        (["nothing"], "No such command"),
        (["show"], "NAME|FILE.toml"),
        (["show", "focal", "--section", "everything"], "everything"),
        (["verify", "smoothing"], "no kernels"),
        (["check", "nowhere.json"], "there is no such file"),
    ],
)
def test_what_cannot_run_says_why_on_one_page_and_exits_with_2(run, arguments, says):
    result = run(*arguments)
    assert result.status == 2
    assert says in result.err
    assert result.err.startswith("symce: ")
    assert "Traceback" not in result.err
    assert result.out == ""


def test_no_command_prints_the_help(run):
    result = run()
    assert result.status == 2
    assert "derive" in result.out
    assert result.err == ""


def test_a_name_that_is_a_file_without_its_ending(run, poly, monkeypatch):
    monkeypatch.chdir(poly.parent)
    result = run("show", "poly")
    assert result.status == 2
    assert "poly.toml" in result.err


def test_an_error_in_a_file_says_where(run, poly):
    poly.write_text(poly.read_text().replace("log(p[c])", "lgo(p[c])"))
    result = run("show", poly)
    assert result.status == 2
    assert "poly.toml:6:" in result.err
    assert "^" in result.err
    assert "Traceback" not in result.err


def test_an_error_of_symce_itself_shows_its_traceback(run, monkeypatch):
    def broken(*_):
        raise RuntimeError("a rule went wrong")

    monkeypatch.setattr("symce.cli.artifacts.derive", broken)
    result = run("show", "focal")
    assert result.status == 2
    assert "RuntimeError: a rule went wrong" in result.err
    assert "please report it" in result.err


def test_version(run):
    result = run("--version")
    assert (result.status, result.out) == (0, f"symce {symce.__version__}\n")


# --- list ------------------------------------------------------------------------------------------------------------


def test_list_has_a_line_a_loss(run):
    result = run("list")
    assert result.status == 0
    lines = {line.split("  ")[0]: line for line in result.out.splitlines()}
    assert set(catalogue()) | set(chapters()) <= set(lines)
    assert lines["cross_entropy"].endswith("π̂ⱼ − yⱼ")
    assert "gamma = 2" in lines["focal"]


def test_list_as_json(run):
    document = run("list", "--json").json
    assert [loss["name"] for loss in document["losses"]] == list(catalogue())
    loss = next(loss for loss in document["losses"] if loss["name"] == "cross_entropy")
    assert loss["gradient"] == {
        "unicode": "π̂ⱼ − yⱼ",
        "ascii": "p[j] - y[j]",
        "latex": r"\hat{\pi}_j - y_j",
        "assumptions": ["sums-to-one"],
    }
    for key, kind in (("title", str), ("target", str), ("parameters", list), ("value", str), ("reference", str)):
        assert all(isinstance(loss[key], kind) for loss in document["losses"])


# --- show ------------------------------------------------------------------------------------------------------------


def test_show_is_a_readable_proof(run):
    result = run("show", "cross_entropy")
    assert result.status == 0
    assert "∂ℒ/∂zⱼ = π̂ⱼ − yⱼ" in result.out
    assert "chain-rule" in result.out
    assert "Assume Σₖ yₖ = 1" in result.out
    assert "Hessian" not in result.out
    assert result.err == ""


def test_show_in_ascii(run):
    result = run("show", "cross_entropy", "--ascii", "--section", "all")
    assert result.status == 0
    assert result.out.isascii()
    assert "= p[j] - y[j]" in result.out
    assert "Hessian" in result.out


@pytest.mark.parametrize(
    ("section", "title", "other"),
    [
        ("gradient", "The gradient with respect to the logits", "The linear layer and the batch"),
        ("linear-layer", "The linear layer and the batch", "The Hessian"),
        ("hessian", "The Hessian", "The Hessian-vector product"),
        ("hvp", "The Hessian-vector product", "The linear layer and the batch"),
    ],
)
def test_show_one_section_with_what_it_cites(run, section, title, other):
    for name in ("focal", "temperature_cross_entropy"):
        result = run("show", name, "--section", section)
        assert result.status == 0, result.err
        lines = result.out.splitlines()
        assert title in lines
        assert other not in lines
        # a step by a statement stands below that statement
        for number, line in enumerate(lines):
            for kind in ("Lemma", "Theorem", "Corollary"):
                if f"  {kind} " in line and "=" in line:
                    cited = f"{kind} {line.split(f'{kind} ')[1].split()[0]} ("
                    assert any(above.startswith(cited) for above in lines[:number]), line


def test_show_a_section_that_vanishes(run):
    result = run("show", "nll_loss", "--section", "hvp")
    assert result.status == 0
    assert "does not depend on the logits" in result.out


def test_show_names_the_rules_that_the_kernel_is_computed_by(run, monkeypatch):
    shown = run("show", "focal").out.split("\nComputed by\n")[1]
    assert "true-class-apart" in shown
    assert "no negative power remains" in " ".join(shown.split())
    names = run("show", "focal", "--no-why", "--ascii").out.split("\nComputed by\n-----------\n")[1].split()
    assert names[:2] == ["softmax-by-gap", "direction-from-the-largest"]
    document = run("show", "focal", "--json").json
    assert [entry["rule"] for entry in document["computed_by"]] == names
    assert all(entry["why"] for entry in document["computed_by"])
    assert "Computed by" not in run("show", "nll_loss").out
    monkeypatch.setattr("shutil.get_terminal_size", lambda _: os.terminal_size((50, 24)))
    narrow = run("show", "focal", "--ascii").out.split("\nComputed by\n")[1].splitlines()
    assert max(map(len, narrow)) <= 50
    assert "  open-a-bracket-that-hides-a-difference" in narrow


def test_show_a_loss_that_has_no_kernel(run, tmp_path):
    file = tmp_path / "pairs.toml"
    value = "Sum(Sum((p[k] - p[l])**2/(1 + z[k]**2*z[l]**2), l), k)"
    file.write_text(f'[loss]\nname = "pairs"\ntitle = "Pairs"\ntarget = "none"\nvalue = "{value}"\n')
    result = run("show", str(file))
    assert result.status == 0
    assert "Theorem" in result.out
    assert "has no kernel: a sum depends on the class" in result.out
    assert run("show", str(file), "--json").json["computed_by"] == []


def test_show_a_file_and_a_chapter(run, poly):
    assert "Poly-1 loss" in run("show", poly).out
    result = run("show", "softmax")
    assert result.status == 0
    assert "∂π̂ₖ/∂zⱼ = π̂ₖ (δₖⱼ − π̂ⱼ)" in result.out


def test_show_as_json(run):
    document = run("show", "cross_entropy", "--json").json
    assert document["name"] == "cross_entropy"
    assert [proof["name"] for proof in document["proofs"]][-1] == "corollary"
    everything = run("show", "cross_entropy", "--section", "all", "--json").json
    assert len(everything["proofs"]) > len(document["proofs"])


def test_show_where_the_terminal_has_no_such_letters(run, monkeypatch):
    monkeypatch.setattr("symce.cli.show.speaks_unicode", lambda: False)
    result = run("show", "cross_entropy")
    assert "= p[j] - y[j]" in result.out


# --- check -----------------------------------------------------------------------------------------------------------


def test_check_reads_the_files(run, tree):
    result = run("check", "nll_loss", "smoothing", "--out", tree)
    assert result.status == 0, result.out
    assert "proofs/nll_loss.json" in result.out
    assert "proofs/theorems/smoothing.json" in result.out


def test_check_finds_a_false_step_in_a_file(run, tree):
    path = tree / "proofs/nll_loss.json"
    document = json.loads(path.read_text())
    step = document["proofs"][0]["steps"][-1]
    step["expr"] = document["proofs"][0]["result"] = ["mul", ["num", "2"], step["expr"]]
    path.write_text(json.dumps(document))
    number = len(document["proofs"][0]["steps"])
    for name in ("nll_loss", str(path)):
        result = run("check", name, "--out", tree)
        assert result.status == 1
        assert "FAILED" in result.out
        assert f"step {number}" in result.out
    outcome = run("check", "nll_loss", "--out", tree, "--json")
    assert outcome.status == 1
    assert not outcome.json["ok"]
    assert [p["step"] for p in outcome.json["proofs"][0]["problems"]] == [number]


def test_check_derives_what_has_no_file(run, poly, tmp_path):
    result = run("check", poly, "nll_loss", "--out", tmp_path / "nowhere", "--json")
    assert result.status == 0
    assert {(p["of"], p["origin"]) for p in result.json["proofs"]} == {("poly_one", "derived"), ("nll_loss", "derived")}
    assert sum(p["comparisons"] for p in result.json["proofs"]) > 1_000


def test_check_notices_that_a_cited_proof_is_missing(run, tree):
    path = tree / "proofs/cross_entropy.json"
    document = json.loads(path.read_text())
    assert document["proofs"][1]["cites"] == [document["proofs"][0]["name"]]
    del document["proofs"][0]
    path.write_text(json.dumps(document))
    result = run("check", path)
    assert result.status == 1
    assert "which is not in the file" in result.out


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "symce-proofs", "version": 99, "proofs": []}'])
def test_check_of_a_file_that_holds_no_proof(run, tmp_path, content):
    path = tmp_path / "proof.json"
    path.write_text(content)
    result = run("check", path)
    assert result.status in (1, 2)
    assert "Traceback" not in result.err
    assert (result.out + result.err).count("proof.json")


# --- verify ----------------------------------------------------------------------------------------------------------


def test_verify_prints_a_table_of_worst_errors(run, tree):
    result = run("verify", "nll_loss", "--out", tree)
    assert result.status == 0, result.out
    lines = [line.split() for line in result.out.splitlines() if line.startswith("nll_loss")]
    assert [line[:2] for line in lines] == [["nll_loss", "numpy"], ["nll_loss", "torch"], ["nll_loss", "native"]]
    assert result.out.splitlines()[-1].startswith("ok: 3 kernels")
    result = run("verify", "nll_loss", "--target", "numpy", "--rows", "--out", tree)
    assert result.status == 0
    assert "float16" in result.out
    assert "torch autograd" in result.out


def test_verify_finds_a_wrong_kernel(run, tree):
    path = tree / "symce_kernels/numpy/cross_entropy.py"
    text = path.read_text()
    path.write_text(text.replace(" - target", " - 2 * target"))
    assert path.read_text() != text
    result = run("verify", "cross_entropy", "--target", "numpy", "--out", tree, "--json")
    assert result.status == 1
    assert not result.json["ok"]
    failed = [row for row in result.json["rows"] if not row["ok"]]
    assert failed
    assert all(row["failure"]["message"] for row in failed)
    assert any(row["failure"]["arguments"] for row in failed), "a failure comes with what reproduces it"


def test_verify_of_kernels_that_are_not_there(run, tmp_path, tree, poly):
    result = run("verify", "nll_loss", "--out", tmp_path / "nowhere")
    assert result.status == 2
    assert "derive" in result.err
    result = run("verify", poly, "--out", tree)
    assert result.status == 1
    assert "there is no such file" in result.out


# --- doctor ----------------------------------------------------------------------------------------------------------


def test_doctor(run):
    result = run("doctor")
    assert result.status == 0
    for name in ("sympy", "torch", "pdflatex", "C compiler", "templates", "symce_kernels"):
        assert name in result.out
    findings = {f["name"]: f for f in run("doctor", "--json").json["findings"]}
    assert findings["sympy"]["needed"]
    assert findings["sympy"]["found"]
    assert not findings["torch"]["needed"]


def test_doctor_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    result = run("doctor")
    assert result.status == 0, "LaTeX and a compiler are optional"
    assert "pdflatex: apt install" in result.out
    packages = (*doctor.PACKAGES, ("symce-cannot-do-without", True, "a test"))
    monkeypatch.setattr(doctor, "PACKAGES", packages)
    result = run("doctor")
    assert result.status == 1
    assert "MISSING  symce-cannot-do-without" in result.out

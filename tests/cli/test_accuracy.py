"""``verify --accuracy``: the table, the broken promises, the exit status."""

from __future__ import annotations

import re

import pytest

from symce.cli.accuracy import COLUMNS


@pytest.fixture
def few(monkeypatch):
    """A measurement of few rows: what is printed of it is what is tested here."""
    from symce.verify import accuracy

    plan = accuracy.Plan.of
    regimes = ("ordinary", "margin 20")

    def of(cls, targets, thorough):
        whole = plan(targets, thorough)
        return cls(whole.targets, ("float32", "bfloat16"), whole.sizes[:1], whole.forms, regimes, whole.thorough)

    monkeypatch.setattr(accuracy.Plan, "of", classmethod(of))


def test_accuracy_prints_ulps_by_regime_beside_pytorch(run, tree, few):
    result = run("verify", "--accuracy", "cross_entropy", "--out", tree)
    lines = result.out.splitlines()
    heading = re.split(r"\s{2,}", lines[0])
    assert heading[:4] == ["loss", "dtype", "regime", "value"]
    assert {"true class", "others", "soft target", "hvp", "value*", "soft target*"} <= set(heading)
    dtypes = {tuple(re.split(r"\s{2,}", line)[1:3]) for line in lines if line.startswith("cross_entropy ")}
    assert {("float32", "right by 20"), ("float32 wide", "ordinary"), ("bfloat16", "wrong by 20")} <= dtypes
    lost = next(line for line in lines if re.match(r"cross_entropy +float32 +right by 20 ", line))
    cells = dict(zip(heading, re.split(r"\s{2,}", lost), strict=False))
    assert cells["value*"] == "0!"
    assert 0 < float(cells["value"]) <= 4
    assert "* cross_entropy: F.cross_entropy" in lines
    assert result.status == 0, result.out


def test_accuracy_of_several_is_a_line_a_dtype_with_rows_one_a_kernel(run, tree, few):
    report = run("verify", "--accuracy", "nll_loss", "--rows", "--out", tree).out
    assert re.search(r"^nll_loss +numpy +float32 +ordinary ", report, re.MULTILINE)
    assert re.search(
        r"^nll_loss +torch +bfloat16 +margin 20|^nll_loss +torch +bfloat16 +right by 20", report, re.MULTILINE
    )
    assert re.search(r"^nll_loss +F\.nll_loss +float32 +ordinary ", report, re.MULTILINE)


def test_accuracy_finds_a_less_exact_kernel(run, tree, few):
    path = tree / "symce_kernels" / "numpy" / "cross_entropy.py"
    text = path.read_text(encoding="utf-8")
    assert "np.log1p(" in text
    path.write_text(text.replace("np.log1p(", "np.log(1 + "), encoding="utf-8")
    result = run("verify", "--accuracy", "cross_entropy", "--target", "numpy", "--out", tree)
    assert result.status == 1
    assert re.search(
        r"^FAILED cross_entropy numpy float32 native .*, value: 0 for a normal number", result.out, re.MULTILINE
    )
    assert re.search(r"^  entry 0: 0\.0 where .* is right, of logits=\[", result.out, re.MULTILINE)

    document = run("verify", "--accuracy", "cross_entropy", "--target", "numpy", "--out", tree, "--json").json
    assert document["command"] == "verify --accuracy"
    assert not document["ok"]
    broken = [f for f in document["figures"] if not f["ok"]]
    assert {f["by"] for f in broken} == {"numpy"}
    assert {"value"} <= {f["quantity"] for f in broken} <= {*COLUMNS, "sum of the gradient"}


def test_accuracy_of_a_file_of_ones_own(run, tree, poly, few):
    assert run("derive", poly, "--no-verify", "--out", tree).status == 0
    result = run("verify", "--accuracy", poly, "--out", tree, "--json")
    assert {f["by"] for f in result.json["figures"]} == {"numpy", "torch", "native"}


def test_accuracy_says_what_it_did_not_run(run, tree, few):
    result = run("verify", "--accuracy", "nll_loss", "--out", tree)
    assert result.status == 0
    assert "note: the javascript kernels are not run" in result.out

"""``derive`` writes a certificate beside every file of proofs, and says which steps of it have none."""

from pathlib import Path

import pytest

LOSSES = Path(__file__).resolve().parents[2] / "examples" / "losses"


def test_a_changed_certificate_is_noticed(run, tree):
    path = tree / "proofs" / "nll_loss.v"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("- delta c j", "delta c j"), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    result = run("derive", "nll_loss", "--check", "--out", tree)
    assert result.status == 1
    assert "nll_loss.v" in result.out + result.err


@pytest.mark.parametrize("name", ["multiclass_hinge", "logit_adjusted"])
def test_a_loss_of_ones_own_has_a_certificate_of_what_coq_can_prove(run, tmp_path, name):
    result = run("derive", LOSSES / f"{name}.toml", "--out", tmp_path, "--no-verify", "--json")
    assert result.status == 0, result.err
    text = (tmp_path / "proofs" / f"{name}.v").read_text(encoding="utf-8")
    notes = [note for note in result.json["notes"] if "no certificate" in note]
    if name == "multiclass_hinge":  # the derivative at a kink
        assert len(notes) == 1
        assert "derivative-of-where" in notes[0]
        assert "(* not certified: gradient-partial-z, step 3, derivative-of-where *)" in text
        assert "Theorem multiclass_hinge_gradient " not in text
        assert "Corollary multiclass_hinge_batch_weights" in text
    else:
        assert notes == []
        assert "not certified" not in text
        assert f"Theorem {name}_gradient " in text

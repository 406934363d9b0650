"""The rows that accuracy is measured on are those that the regimes' names say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symce.losses import catalogue
from symce.verify.blocks import LABELS, blocks, given_settings
from symce.verify.goals import DENSE, INDEX, OF_ROWS, goal, kinds
from symce.verify.goals import LABELS as LABELLED
from symce.verify.judge import DTYPES
from symce.verify.regimes import HUGE, MARGINS, REGIMES, draws
from symce.verify.rounding import nearest, ulp


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 3, 10])
def test_every_number_is_one_of_the_dtype(dtype: str, size: int) -> None:
    rows = list(draws(dtype, size))
    assert all(nearest(float(x), dtype) == x for logits in rows for x in logits.row)
    present = {logits.regime for logits in rows}
    assert present == set(REGIMES) - {f"huge {h:.0e}".replace("+", "") for h in HUGE if math.isinf(nearest(h, dtype))}


@pytest.mark.parametrize("labels", [False, True])
def test_margins_are_kept_and_are_no_integers(labels: bool) -> None:
    for logits in draws("float64", 10, labels=labels, regimes=[f"margin {m}" for m in MARGINS]):
        margin = float(logits.regime.split()[1])
        z = np.sort(logits.row)
        apart = np.abs(z) if labels else np.array([max(z[-1] - z[-2], z[1] - z[0])])
        assert (apart > margin).all()
        assert (apart < margin + 4).all()
        assert not (apart == np.round(apart)).any()


def test_the_other_regimes_are_what_they_are_called() -> None:
    rows = list(draws("float32", 10))
    by = {regime: [logits.row for logits in rows if logits.regime == regime] for regime in REGIMES}
    assert all(np.isneginf(row).sum() == 5 for row in by["half masked"])
    assert all(len(set(row)) == 1 for row in by["equal"])
    assert all((np.abs(row) > 9_900).all() for row in by["offset 1e4"])
    for row in by["ulp differences"]:
        assert 0 < np.ptp(row) <= 6 * float(ulp(row[0], "float32"))
    assert {np.abs(row).max() for row in by["huge 3e38"]} == {nearest(3e38, "float32")}


def test_rows_are_the_same_each_time() -> None:
    assert all((a.row == b.row).all() for a, b in zip(draws("float64", 3), draws("float64", 3), strict=True))


def test_ties_are_left_out_where_a_loss_has_no_derivative() -> None:
    rows = list(draws("float32", 3, distinct=True))
    assert all(len(np.unique(logits.row)) == 3 for logits in rows)
    assert "equal" not in {logits.regime for logits in rows}


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_targets_are_within_their_domain(name: str) -> None:
    loss = catalogue()[name]
    for form in {"index": ("index",), "none": ("none",), "multilabel": ("dense",)}.get(loss.target, ("index", "dense")):
        for logits in draws("float32", 3, labels=loss.target == "multilabel"):
            for kind in kinds(loss, form, logits.regime):
                aim = goal(loss, form, kind, logits, "float32")
                if form == "index":
                    assert 0 <= aim.target < 3
                    assert (kind == "masked") == bool(np.isneginf(logits.row[aim.target]))
                elif form == "dense":
                    assert ((aim.target >= 0) & (aim.target <= 1)).all()
                    assert loss.target == "multilabel" or math.isclose(aim.target.sum(), 1, rel_tol=1e-6)
                    assert loss.target == "multilabel" or not aim.target[np.isneginf(logits.row)].any()


def test_every_kind_and_every_setting_comes_in_every_size() -> None:
    for name, form, every in (
        ("focal", "index", INDEX),
        ("cross_entropy", "dense", DENSE),
        ("bce_with_logits", "dense", LABELLED),
        ("distillation", "none", OF_ROWS),
    ):
        loss = catalogue()[name]
        for size in (2, 3, 10):
            settings = given_settings(loss, "float32", size, ["weight", "label_smoothing"])
            found = list(blocks(loss, "float32", size, form, settings, thorough=False, regimes=REGIMES))
            assert {row.goal.kind for block in found for row in block.rows} == set(every)
            assert len(found) == len(settings)
            assert {row.label for block in found for row in block.rows} <= set(LABELS)


def test_focal_loss_is_measured_with_each_gamma() -> None:
    settings = given_settings(catalogue()["focal"], "float32", 3, ["weight"])
    assert {s.params["gamma"] for s in settings} == {0.0, 0.5, 1.0, 2.0, 5.0}
    assert any(s.weight is not None for s in settings)
    assert any(isinstance(s.params["alpha"], np.ndarray) for s in settings)

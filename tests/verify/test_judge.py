"""What is counted of a result, and what of it breaks a promise, on a row made by hand."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from symce.losses import catalogue
from symce.verify.accuracy_report import Figure
from symce.verify.blocks import Block, Row
from symce.verify.exact import Entries, Outputs
from symce.verify.goals import Goal, Setting
from symce.verify.judge import Judge

ULP = 2.0**-23
VALUE = mp.mpf(1) + mp.mpf(2) ** -30  # between two float32 numbers


def judged(
    loss: str, got: float, exact: object, *, gradient: tuple[float, ...] = (0.5, -0.5), regime: str = "ordinary"
):
    """The figures of one row, by quantity, the exact gradient being (0.5, -0.5)."""
    row = Row(regime, regime, np.array([0.0, 0.0]), Goal("top", 0), np.zeros(2))
    block = Block(catalogue()[loss], "float32", 2, "index", Setting(), (row,))
    half = mp.mpf(1) / 2
    right = Outputs(
        Entries((exact,), (abs(exact),)), Entries((half, -half), (half, half)), Entries((mp.mpf(0),) * 2, (half, half))
    )
    judge = Judge()
    judge.add(block, "numpy", "native", {"value": np.array([got]), "gradient": np.array([gradient])}, [right])
    figures: dict[str, Figure] = {f.key.quantity: f for f in judge.report()}
    return figures


@pytest.mark.parametrize(("steps", "ok"), [(0, True), (3, True), (5, False), (-5, False)])
def test_an_error_is_counted_in_ulps_and_judged(steps: int, ok: bool) -> None:
    figure = judged("cross_entropy", 1 + steps * ULP, VALUE)["value"]
    assert figure.strict == pytest.approx(abs(steps - 2.0**-7), abs=1e-6)
    assert figure.share == pytest.approx(figure.strict / 4)
    assert figure.ok is ok


@pytest.mark.parametrize(
    ("got", "exact", "counted", "ok"),
    [
        (math.nan, VALUE, "nans", False),
        (math.nan, mp.inf, "nans", False),
        (math.inf, VALUE, "infinities", False),
        (-math.inf, mp.inf, "infinities", False),
        (0.0, mp.mpf(2) ** -126, "zeros", False),
        (0.0, mp.mpf(2) ** -150, "", True),
        (1.0, mp.inf, "wrong_numbers", True),
        (math.inf, mp.inf, "", True),
        (math.inf, mp.mpf(10) ** 39, "", True),
        (math.nan, mp.nan, "", True),
    ],
)
def test_what_is_no_number_is_counted(got: float, exact: object, counted: str, ok: bool) -> None:
    """In a regime of which no number of ulps is promised for such a loss."""
    figures = judged("z_loss", got, exact, regime="huge 1e30")
    figure = figures.get("value")
    if mp.isnan(exact):
        assert figure is None, "mathematics has no number there: nothing is asked"
        return
    assert figure is not None
    counts = {n: getattr(figure, n) for n in ("nans", "infinities", "zeros", "wrong_numbers", "negatives")}
    assert {n for n, count in counts.items() if count} == ({counted} if counted else set())
    assert figure.ok is ok


def test_a_divergence_must_not_be_negative_another_loss_may() -> None:
    least = mp.mpf(2) ** -60
    assert not judged("distillation", -1e-12, least, regime="huge 1e30")["value"].ok
    assert judged("z_loss", -1e-12, least, regime="huge 1e30")["value"].ok


@pytest.mark.parametrize(("rest", "ok"), [(ULP / 2, True), (2 * ULP, False)])
def test_a_gradient_must_sum_to_what_its_exact_one_does(rest: float, ok: bool) -> None:
    """ulp(0.5) is half of ULP, and K is 2: a sum of ULP is allowed."""
    figure = judged("z_loss", 1.0, VALUE, gradient=(0.5 + rest, -0.5), regime="equal")["sum of the gradient"]
    assert figure.strict == rest / (ULP / 2)
    assert figure.ok is ok

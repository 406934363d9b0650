"""All who take part compute the same numbers, and who does not is found out."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from benchmarks.speed.data import Data
from benchmarks.speed.peers import CONTESTANTS, Missing
from benchmarks.speed.peers.contestant import ALL_LOSSES, EAGER, LIMIT, NUMPY, PLAIN
from benchmarks.speed.peers.pytorch import backward, closed_form, tensors, usual
from benchmarks.speed.shapes import DTYPES, Cell, cells
from benchmarks.speed.timing import TOLERANCE, disagreeing
from benchmarks.speed.worker import Worker

NAMED = {c.name: c for c in CONTESTANTS}
IN_PROCESS = [c for c in CONTESTANTS if not c.compiles and c.process in ("symce", "torch", "scikit-learn", "copy")]


def test_names_are_unique_and_every_cell_has_somebody() -> None:
    assert len(NAMED) == len(CONTESTANTS)
    keys = [cell.key for cell in cells(quick=False)]
    assert len(set(keys)) == len(keys)
    for cell in cells(quick=False):
        kinds = {c.kind for c in CONTESTANTS if c.takes(cell)}
        assert "symce" in kinds, cell
        assert len(kinds) > 1, cell


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ALL_LOSSES)
def test_closed_forms_are_the_gradients_of_the_usual_code(loss: str, dtype: str) -> None:
    data = Data(Cell("times", loss, 7, 5, dtype), threads=1)
    z, others = tensors(data)
    value, gradient = closed_form(data)(z, *others)
    expected, expected_gradient = backward(usual(data), data)()
    limit = {"float64": 1e-12, "float32": 1e-5, "bfloat16": 0.05}[dtype]
    assert abs(float(value) - float(expected)) <= limit * abs(float(expected))
    error = (gradient - expected_gradient).abs().max() / expected_gradient.abs().max()
    assert float(error) <= limit


@pytest.mark.parametrize(
    ("loss", "dtype"), [*product(ALL_LOSSES, ("float32", "float64")), ("linear_cross_entropy", "float32")]
)
def test_contestants_agree(loss: str, dtype: str) -> None:
    section, features = ("linear", 16) if loss.startswith("linear") else ("times", 0)
    cell = Cell(section, loss, 33, 12, dtype, features)
    data, answers, ready = Data(cell, 1), {}, []
    for contestant in IN_PROCESS:
        if contestant.takes(cell):
            try:
                value, gradient = contestant.build(data)()
            except Missing:
                continue  # named in the report; tests/benchmarks/test_speed.py insists on those that must be there
            ready.append(contestant)
            scale = 1 / cell.rows if contestant.sums else 1
            if contestant.kind != LIMIT:
                answers[contestant.name] = {
                    "loss": float(value),
                    "gradient": [scale * float(gradient[i, j]) for i, j in data.probed],
                }
    assert len(answers) > 1
    assert disagreeing(ready, answers, {"float32": 1e-5, "float64": 1e-12}[dtype]) == {}


@pytest.mark.parametrize("planted", ["loss", "gradient", "nan"])
def test_who_is_wrong_is_found_out(planted: str) -> None:
    ready = [NAMED[PLAIN], NAMED[NUMPY], NAMED[EAGER]]
    answers = {c.name: {"loss": 2.0, "gradient": [0.1, -0.3]} for c in ready}
    answers[NUMPY] = {
        "loss": 2.0 if planted == "gradient" else 2.01 if planted == "loss" else math.nan,
        "gradient": [0.1, -0.3 if planted != "gradient" else -0.303],
    }
    assert list(disagreeing(ready, answers, TOLERANCE["float32"])) == [NUMPY]


def test_a_worker_answers_in_words_what_it_cannot_do() -> None:
    worker, cell = Worker(threads=1), Cell("times", "cross_entropy", 5, 4)
    answer = worker.answer({"do": "setup", "cell": vars(cell), "name": PLAIN})
    assert answer["seconds"] > 0
    assert worker.answer({"do": "time", "name": PLAIN})["seconds"] > 0
    assert worker.answer({"do": "drop"}) == {}
    assert worker.answer({"do": "time", "name": PLAIN}) == {"failed": f"KeyError: '{PLAIN}'"}


def test_data_are_the_same_everywhere_and_fit_their_dtype() -> None:
    cell = Cell("times", "soft_targets", 40, 30_000)
    first, again = Data(cell, 1), Data(cell, 2)
    np.testing.assert_array_equal(first.logits, again.logits)
    assert len(np.unique(first.logits, axis=0)) == 40
    np.testing.assert_allclose(first.distribution.sum(axis=1), 1, rtol=1e-5)
    half = Data(Cell("times", "cross_entropy", 9, 9, "bfloat16"), 1).logits
    assert half.dtype == np.float32
    assert not np.any(half.view(np.uint32) & 0xFFFF)

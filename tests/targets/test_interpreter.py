"""The interpreter judges every target, so it is judged by textbook formulas."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from targets import programs

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import Const, Gather, Input, Let, Map, Reduce, RowProgram, Size, Var

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(7, 5)) * 3
INDEX = RNG.integers(0, 5, 7)
P = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
ONEHOT = np.eye(5)[INDEX]
V = RNG.normal(size=(7, 5))


def close(actual: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-13)


def test_cross_entropy_of_class_indices() -> None:
    out = evaluate(programs.cross_entropy().programs["index"], logits=LOGITS, target=INDEX, v=V)
    close(out["value"], -np.log(P[np.arange(7), INDEX]))
    close(out["gradient"], P - ONEHOT)
    close(out["hvp"], P * V - P * (P * V).sum(1, keepdims=True))


def test_cross_entropy_of_any_target_keeps_its_mass() -> None:
    y = RNG.random((7, 5))
    out = evaluate(programs.cross_entropy().programs["dense"], logits=LOGITS, target=y, v=V)
    close(out["value"], -(y * np.log(P)).sum(1))
    close(out["gradient"], P * y.sum(1, keepdims=True) - y)


def test_focal_by_differences() -> None:
    program = programs.focal().programs["index"]

    def value(z: np.ndarray) -> np.ndarray:
        return evaluate(program, logits=z, target=INDEX, alpha=2.0, gamma=0.5)["value"]

    p_c = P[np.arange(7), INDEX]
    close(value(LOGITS), -2 * (1 - p_c) ** 0.5 * np.log(p_c))
    gradient = evaluate(program, logits=LOGITS, target=INDEX, alpha=2.0, gamma=0.5)["gradient"]
    for j in range(5):
        step = 1e-6 * np.eye(5)[j]
        np.testing.assert_allclose(gradient[:, j], (value(LOGITS + step) - value(LOGITS - step)) / 2e-6, atol=1e-8)


def test_elementwise_value_is_a_row() -> None:
    y = RNG.random((7, 5))
    s = 1 / (1 + np.exp(-LOGITS))
    out = evaluate(programs.binary_cross_entropy().programs["dense"], logits=LOGITS, target=y, v=V)
    close(out["value"], -(y * np.log(s) + (1 - y) * np.log(1 - s)))
    close(out["gradient"], s - y)
    close(out["hvp"], s * (1 - s) * V)


def test_entropy() -> None:
    out = evaluate(programs.entropy().programs["none"], logits=LOGITS)
    entropy = -(P * np.log(P)).sum(1)
    close(out["value"], entropy)
    close(out["gradient"], -P * (np.log(P) + entropy[:, None]))


def test_a_product_with_zero_is_zero() -> None:
    z = Input("logits", "row")
    program = RowProgram((z,), (), {"value": Reduce("sum", Map("product", (Map("exp", (z,)), z)))})
    np.testing.assert_array_equal(evaluate(program, logits=np.array([[-np.inf, 0.0]]))["value"], [0.0])


def test_argmax_takes_the_first_of_equals() -> None:
    z, w = Input("logits", "row"), Input("w", "class")
    program = RowProgram((z, w), (Let("a", Reduce("argmax", z)),), {"value": Gather(w, Var("a", "batch"))})
    out = evaluate(program, logits=np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), w=np.array([10.0, 20.0, 30.0]))
    np.testing.assert_array_equal(out["value"], [20.0, 10.0])


def test_class_values_sizes_and_constants() -> None:
    z, w = Input("logits", "row"), Input("w", "class")
    value = Map("add", (Map("div", (Reduce("sum", w), Size())), Map("mul", (Const(Fraction(1, 3)), Reduce("max", z)))))
    out = evaluate(RowProgram((z, w), (), {"value": value}), logits=np.array([[1.0, 6.0]]), w=np.array([3.0, 5.0]))
    close(out["value"], np.array([6.0]))


def test_a_sum_of_the_same_for_every_class_counts_the_classes() -> None:
    z = Input("logits", "row")
    program = RowProgram((z,), (), {"value": Reduce("sum", Reduce("max", z)), "gradient": Const(Fraction(2))})
    out = evaluate(program, logits=np.array([[1.0, 6.0]]))
    close(out["value"], np.array([12.0]))
    close(out["gradient"], np.array([[2.0, 2.0]]))


def test_missing_inputs_are_named() -> None:
    with pytest.raises(ValueError, match="alpha, gamma"):
        evaluate(programs.focal().programs["index"], logits=LOGITS, target=INDEX)

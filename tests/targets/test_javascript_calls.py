"""Calls of JavaScript kernels: one row or several, options, metadata, and errors that name cause and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from targets.node import JavascriptError, Node
from targets.programs import KERNELS

Z, Q = [[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], [[0.3, 0.3, 0.4], [0.2, 0.5, 0.3]]


def test_one_row_or_several(node: Node, javascript: Path) -> None:
    path = javascript / "cross_entropy.js"
    alone = node(path, "valueAndGrad", Z[0], 1)
    assert node(path, "valueAndGrad", Z[:1], [1]) == {"value": alone["value"], "grad": [alone["grad"]]}
    assert node(path, "value", Z[0], 1, {"reduction": "none"}) == alone["value"]
    assert node(path, "value", Z[:1], [1], {"reduction": "none"}) == [alone["value"]]
    entries = node(javascript / "binary_cross_entropy.js", "value", Z, Q, {"reduction": "none"})
    assert node(javascript / "binary_cross_entropy.js", "value", Z[0], Q[0], {"reduction": "none"}) == entries[0]


def test_nan_in_an_ignored_row_reaches_nothing(node: Node, javascript: Path) -> None:
    path, z = javascript / "cross_entropy.js", [[np.nan, np.inf, 0.0], Z[0]]
    for options in ({}, {"labelSmoothing": 0.1, "weight": [1.0, 2.0, 3.0]}):
        got, alone = (node(path, "valueAndGrad", *args, options) for args in ((z, [-100, 1]), (Z[0], 1)))
        assert got == {"value": alone["value"], "grad": [[0, 0, 0], alone["grad"]]}
        assert node(path, "hvp", z, [-100, 1], Q, options)[0] == [0, 0, 0]
    nothing = node(path, "valueAndGrad", z, [-100, -100])
    assert np.isnan(nothing["value"])
    assert nothing["grad"] == [[0, 0, 0]] * 2


def test_what_is_known_of_a_loss(node: Node, javascript: Path) -> None:
    assert node(javascript / "focal.js", "target") == "index"
    assert node(javascript / "taught.js", "target") == "none"
    assert node(javascript / "taught.js", "parameters") == [
        {"name": "teacher", "domain": "nonnegative", "default": 0.25, "shape": "NxK",
         "doc": "what the probabilities should be"},
        {"name": "factor", "domain": "real", "default": None, "shape": "K", "doc": ""},
        {"name": "s", "domain": "real", "default": 0, "shape": "", "doc": "logarithm of a factor"},
    ]  # fmt: skip
    assert set(node(javascript / "index.js")["names"]) == {k.name for k in KERNELS} | {"softmax", "sigmoid"}
    assert "hvp" not in node(javascript / "focal.js")["names"]


def test_null_stands_for_the_default(node: Node, javascript: Path) -> None:
    path = javascript / "focal.js"
    given = {"gamma": None, "alpha": None, "weight": None, "ignoreIndex": None, "normalizer": None, "reduction": None}
    assert (
        node(path, "value", Z, [0, 1], given) == node(path, "value", Z, [0, 1], None) == node(path, "value", Z, [0, 1])
    )


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        ("cross_entropy", (5,), r"TypeError: logits: 5; allowed: an array of K numbers, or an array of such rows"),
        ("cross_entropy", ([], 0), r"RangeError: logits: no numbers; allowed: one a class"),
        ("cross_entropy", ([1, "x"], 0), r'TypeError: logits\[1\]: "x"; allowed: a number'),
        ("cross_entropy", ([1, True], 0), r"TypeError: logits\[1\]: true; allowed: a number"),
        ("cross_entropy", ([[1, 2], [1]], [0, 0]), r"RangeError: logits\[1\]: 1 numbers; allowed: 2"),
        ("cross_entropy", ([[1, 2], 3], [0, 0]), r"TypeError: logits\[1\]: 3; allowed: an array of K numbers"),
        ("cross_entropy", (Z,), r"RangeError: target: undefined; allowed: 2 class indices, or one number a class in"),
        ("cross_entropy", (Z[0],), r"TypeError: target: undefined; allowed: an integer, as a class index, or one"),
        ("cross_entropy", (Z, [0]), r"RangeError: target: an array of 1; allowed: 2 class indices"),
        ("cross_entropy", (Z, [0, 3]), r"RangeError: target\[1\]: class 3; allowed: 0 to 2, or ignoreIndex = -100"),
        ("cross_entropy", (Z, [0, 0.5]), r"TypeError: target\[1\]: 0.5; allowed: an integer, as 2 class indices, or"),
        ("cross_entropy", (Z, Q[:1]), r"RangeError: target: 1 rows of 3; allowed: 2 rows of 3, as the logits"),
        ("cross_entropy", (Z[0], [0.5, 0.5]), r"RangeError: target: 2 numbers; allowed: 3"),
        ("cross_entropy", (Z, [0, 1], {"reduction": "avg"}), r'RangeError: reduction: "avg"; allowed: "mean", "sum"'),
        ("cross_entropy", (Z, [0, 1], {"normalizer": 0}), r"RangeError: normalizer: 0; allowed: positive numbers"),
        ("cross_entropy", (Z, [0, 1], {"labelSmoothing": 2}), r"RangeError: labelSmoothing: 2; allowed: .*from 0 to 1"),
        ("cross_entropy", (Z, [0, 1], {"weight": [1, 2]}), r"RangeError: weight: 2 numbers; allowed: 3"),
        ("cross_entropy", (Z, [0, 1], {"weight": "x"}), r'TypeError: weight: "x"; allowed: a number, or an array of 3'),
        ("cross_entropy", (Z, [0, 1], {"ignoreIndex": 0.5}), r"TypeError: ignoreIndex: 0.5; allowed: an integer"),
        ("cross_entropy", (Z, [0, 1], {"cotangent": [1, 2]}), r'RangeError: cotangent: only for reduction: "none"'),
        ("cross_entropy", (Z, [0, 1], {"label_smoothing": 0}), r"TypeError: .*no option label_smoothing; allowed: "),
        ("cross_entropy", (Z, [0, 1], [0.1]), r"TypeError: options: an array of 1; allowed: an object with weight, "),
        ("focal", (Z, Q), r"RangeError: target: 2 rows of 3; allowed: 2 class indices, not one-hot"),
        ("focal", (Z, [0, 1], {"gamma": -1}), r"RangeError: gamma: -1; allowed: nonnegative numbers"),
        ("focal", (Z, [0, 1], {"gamma": [1, 2]}), r"TypeError: gamma: an array of 2; allowed: a number"),
        ("focal", (Z, [0, 1], {"alpha": [1, -1, 1]}), r"RangeError: alpha\[1\]: -1; allowed: nonnegative numbers"),
        ("temperature", (Z, [0, 1]), r"TypeError: T: not given; allowed: options with T, it has no default"),
        ("temperature", (Z, [0, 1], {"T": np.nan}), r"RangeError: T: NaN; allowed: positive numbers"),
        ("binary_cross_entropy", (Z[0], 1), r"TypeError: target: 1; allowed: an array of 3 numbers"),
        ("entropy", (Z, 1), r"TypeError: options: 1; allowed: an object with reduction, normalizer, cotangent"),
        ("taught", (Z, {"factor": 1, "teacher": Q[:1]}), r"RangeError: teacher: 1 rows of 3; allowed: 2 rows of 3"),
        ("taught", (Z, {"factor": 1, "teacher": [Q[0], [0, -1, 0]]}), r"RangeError: teacher\[1\]\[1\]: -1; allowed"),
    ],
)  # fmt: skip
def test_errors_name_argument_value_and_remedy(
    node: Node, javascript: Path, name: str, args: tuple[Any, ...], text: str
) -> None:
    with pytest.raises(JavascriptError, match=f"^{text}"):
        node(javascript / f"{name}.js", "grad", *args)


def test_a_loss_may_need_several_classes(node: Node, generated: Path) -> None:
    with pytest.raises(JavascriptError, match="RangeError: logits: K = 1 classes; allowed: at least 2 for this loss"):
        node(generated / "label_smoothing.js", "value", [1.0], 0)

"""What is sent: all-reduces of a few numbers a row, as each module's text says, and nothing in the backward pass."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
import torch
from parallel.cases import CASES, ROWS, Case

COUNTED = {name: case for name, case in CASES.items() if case.data in ("plain", "special")}


def stated(case: Case, dense: bool) -> list[int]:
    """The bytes a row of each message of the forward pass, by the module's text, for float32."""
    text = " ".join((import_module(f"symce_kernels.torch.parallel.{case.loss}").__doc__ or "").split())
    form = "" if case.form == "none" else " with one float a class" if dense else " with class indices"
    found = re.search(rf"Messages of the forward pass{form}: (\d+), of ([\d, ]+) bytes a row", text)
    assert found, text
    sizes = [int(size) for size in found[2].split(", ")]
    assert len(sizes) == int(found[1])
    return sizes


@pytest.mark.parametrize("name", COUNTED)
def test_messages_are_those_that_the_text_states(results: list[dict[str, Any]], name: str) -> None:
    case = COUNTED[name]
    expected = stated(case, case.form == "dense" or bool(case.options.get("label_smoothing")))
    wide = case.dtype == torch.float64 or case.options.get("precision") == "wide"
    if wide and case.loss != "nll_loss":  # the largest, and its class
        expected = [expected[0], *expected]
    if case.options.get("infinite") == "limit":
        expected = [16, *expected]
    for result in results:
        forward, backward, second = result[f"messages/{name}"]
        assert forward == [ROWS * size for size in expected]
        assert backward == []
        assert sum(second) <= 8 * 8 * ROWS
        assert len(second) <= 2


def test_what_is_sent_does_not_depend_on_the_classes(results: list[dict[str, Any]]) -> None:
    """The messages hold rows alone: 24 numbers of 8 bytes are the most that any loss sends for one of them."""
    assert max(sum(r[f"messages/{name}"][0]) for r in results for name in COUNTED) <= 24 * 8 * ROWS
    assert sum(results[0]["messages/cross_entropy-index-float32"][0]) == (8 + 24) * ROWS

"""Means of a batch over processes and micro-batches, uneven ones, are the mean over the whole batch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from parallel.means import KINDS, ROWS, batch

from symce_kernels.torch import cross_entropy
from symce_kernels.torch.parallel import mean_denominator


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_that_of_the_whole_batch(results: list[dict[str, Any]], kind: str, averaged: bool) -> None:
    value, gradient = results[0][f"mean/{kind}/{averaged}"]
    expected, expected_gradient = results[3][f"mean/{kind}"]
    torch.testing.assert_close(value, expected, rtol=1e-14, atol=1e-15)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-13, atol=1e-14)
    assert bool(expected_gradient.any()) == (kind != "nothing")


def test_means_of_parts_are_not_the_mean() -> None:
    """What the denominator is for: the mean of the micro-batches' means is another number."""
    x, target, loss, options = batch("weighted")
    logits = x @ torch.ones(5, 6, dtype=torch.float64).cumsum(1)
    parts = [slice(0, 4), slice(4, ROWS)]
    naive = sum(loss(logits[p], target[p], **options) for p in parts) / 2
    assert abs(naive - loss(logits, target, **options)) > 0.01
    by_parts = mean_denominator([target[p] for p in parts], weight=options["weight"], group=False)
    total = sum(cross_entropy(logits[p], target[p], normalizer=by_parts, **options) for p in parts)
    torch.testing.assert_close(total, loss(logits, target, **options), rtol=1e-14, atol=0.0)


def test_counts() -> None:
    target = torch.tensor([[0, 2, -1], [1, -1, 2]])
    weight = torch.tensor([0.5, 2.0, 4.0])
    assert mean_denominator(target, group=False) == 6  # -1 is a class unless it is ignored
    assert mean_denominator(target, ignore_index=-1, group=False) == 4
    assert mean_denominator(target, weight=weight, ignore_index=-1, group=False) == 10.5
    assert mean_denominator([target, 3], ignore_index=-1, group=False) == 7
    assert mean_denominator(torch.zeros(2, 3, 5), group=False) == 10
    assert mean_denominator(torch.zeros(3), group=False) == 1
    assert mean_denominator([], group=False) == 0

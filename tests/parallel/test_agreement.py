"""Losses whose classes are spread over 1, 2, 3 and 4 processes, unevenly, are those of one process within 4 ulps."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from parallel.cases import CASES, CLASSES, LOSSES, SIZES, Case
from torch import Tensor

import symce_kernels.torch.parallel as parallel

ULPS = 4
#: the largest term of losses that are a difference, and of second derivatives that hold the logits
LOSS_TERMS = {"confidence_penalty": 2 * 0.7 * math.log(CLASSES)}
HVP_TERMS = {"z_loss": 1 + 2 * 0.01 * 400}
#: gradients of class indices without a difference: each entry agrees, however small it is
ENTRYWISE = (
    "cross_entropy", "generalised_cross_entropy", "info_nce", "nll_loss", "poly1", "soft_capped_cross_entropy",
    "temperature_cross_entropy", "weighted_cross_entropy", "z_loss",
)  # fmt: skip


def of_processes(results: list[dict[str, Any]], name: str, n: int) -> dict[str, Tensor]:
    """What n processes found: gradients put together, and losses, which each has alike to the bit."""
    found = [results[rank][f"{name}/{n}"] for rank in range(n)]
    for other in found[1:]:
        for key in ("loss", "of_cotangent"):
            assert torch.equal(found[0][key].nan_to_num(-7.0), other[key].nan_to_num(-7.0)), (name, n, key)
    joined = {key: torch.cat([f[key] for f in found], dim=1) for key in ("gradient", "hvp")}
    return {**found[0], **joined}


def sizes(case: Case, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """How large the terms are that each result is a sum of: 4 ulps of these may be lost where the terms cancel."""
    t = case.tensors()
    cotangent, v = t["cotangent"].double().abs(), t["v"].double().abs()
    if cotangent.dim():
        cotangent = cotangent.unsqueeze(1)
    gradient = torch.maximum(expected["gradient"].double().abs(), cotangent)
    by_cotangent = v * gradient / t["cotangent"].double().abs().reshape(cotangent.shape)
    return {
        "loss": expected["loss"].double().abs().clamp(min=LOSS_TERMS.get(case.loss, 0.0)),
        "gradient": expected["gradient"].double().abs() if _entrywise(case) else gradient,
        "hvp": cotangent * v.amax(1, keepdim=True) * HVP_TERMS.get(case.loss, 1.0),
        "of_cotangent": by_cotangent.sum(1) if cotangent.dim() else by_cotangent.sum(),
    }


def _entrywise(case: Case) -> bool:
    return case.form == "index" and case.loss in ENTRYWISE and not case.options.get("label_smoothing")


def errors(case: Case, found: dict[str, Tensor], expected: dict[str, Tensor]) -> dict[str, float]:
    """How many ulps, of the size of its terms, each result is off; infinite where one alone is NaN or infinite."""
    worst = {}
    for key, size in sizes(case, expected).items():
        a, e = found[key].double(), expected[key].double()
        assert found[key].shape == expected[key].shape
        assert found[key].dtype == expected[key].dtype
        unit = torch.maximum(size, e.abs()) * torch.finfo(expected[key].dtype).eps
        off = torch.where((a == e) | (a.isnan() & e.isnan()), 0.0, (a - e).abs() / unit)
        worst[key] = float(off.nan_to_num(math.inf).max()) if off.numel() else 0.0
    return worst


def test_every_loss_is_there() -> None:
    assert set(parallel.__all__) - {"Shards", "mean_denominator"} == set(LOSSES)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("loss", LOSSES)
def test_several_processes_have_what_one_has(results: list[dict[str, Any]], loss: str, n: int) -> None:
    for name, case in CASES.items():
        if case.loss != loss:
            continue
        found, expected = of_processes(results, name, n), results[-1][name]
        if case.data == "special":  # a NaN that reaches some entries of a second derivative, or all of its row
            assert bool(found["hvp"][expected["hvp"].isnan()].isnan().all()), name
            expected = {**expected, "hvp": found["hvp"], "of_cotangent": found["of_cotangent"]}
            expected = {key: value.nan_to_num(-7.0, 5e9, -5e9) for key, value in expected.items()}
            found = {key: value.nan_to_num(-7.0, 5e9, -5e9) for key, value in found.items()}
        worst = errors(case, found, expected)
        assert max(worst.values()) <= ULPS, (name, worst)


@pytest.mark.parametrize("key", ["loss", "gradient", "hvp", "of_cotangent"])
def test_a_difference_would_be_seen(results: list[dict[str, Any]], key: str) -> None:
    case = CASES["cross_entropy-index"]
    expected = results[-1]["cross_entropy-index"]
    wrong = dict(of_processes(results, case.name, 4))
    unit = sizes(case, expected)[key].reshape(wrong[key].shape if key != "hvp" else (-1, 1))
    wrong[key] = wrong[key] + 9 * torch.finfo(torch.float64).eps * unit
    assert errors(case, wrong, expected)[key] > ULPS


def test_ties_masks_and_empty_shards_are_among_the_cases() -> None:
    logits = CASES["cross_entropy-index-rows"].tensors()["logits"]
    top = logits.amax(1, keepdim=True)
    assert bool(((logits == top).sum(1) > 1).any())
    assert bool(logits.isinf().any())
    assert 0 in SIZES[3]
    assert all(sum(sizes) == CLASSES for sizes in SIZES.values())

"""DTensors of logits that are sharded on the class axis, and on rows too: the same as one process with all of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from parallel.meshes import ON_MESH


@pytest.mark.parametrize("name", ON_MESH)
def test_losses_and_gradients_are_those_of_one_process(results: list[dict[str, Any]], name: str) -> None:
    (loss, gradient), (expected, expected_gradient) = results[0][name], results[3][f"{name}/single"]
    eps = torch.finfo(torch.float64).eps
    assert loss.shape == expected.shape
    # a mean or sum is added up in another order: its terms are no larger than the rows' number times 8
    size = expected.abs() if loss.dim() else 8 * 7 * torch.ones(())
    assert bool(((loss - expected).abs() <= 4 * eps * size).all())
    unit = expected_gradient.abs().amax(1, keepdim=True)
    if ON_MESH[name].loss == "distillation":  # the difference of two softmaxes, over 7 rows
        unit = unit.clamp(min=float(ON_MESH[name].tensors()[3].abs()) / 7)
    assert bool(((gradient - expected_gradient).abs() <= 4 * eps * unit).all())
    assert bool(expected_gradient.any())

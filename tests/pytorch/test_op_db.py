"""Every sample of PyTorch's own operator database: values, first and second derivatives, and errors."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from unittest import mock

import pytest
import torch
from pytorch.compare import FUNCTIONAL, NAMES, LeftToPyTorch, agree, outcome, quiet, refused, without_pytorchs

SHARED = import_module("symce_kernels.torch._functional")

#: How many samples the database of PyTorch 2.13 has, and how many of them hold nothing to compute, which is left to
#: PyTorch: softmax of no numbers at all.
SAMPLES = {
    "cross_entropy": (21, 0),
    "nll_loss": (61, 0),
    "kl_div": (16, 0),
    "binary_cross_entropy_with_logits": (26, 0),
    "softmax": (14, 2),
    "log_softmax": (14, 2),
    "linear_cross_entropy": (329, 0),
}


@pytest.fixture(scope="module")
def database() -> dict[str, list[Any]]:
    with quiet():
        from torch.testing._internal.common_methods_invocations import op_db

    found: dict[str, list[Any]] = {name: [] for name in NAMES}
    for op in op_db:
        if op.name.removeprefix("nn.functional.") in found:
            found[op.name.removeprefix("nn.functional.")].append(op)
    return found


def samples(database: dict[str, list[Any]], name: str) -> list[tuple[Any, tuple[Any, ...], dict[str, Any]]]:
    """PyTorch's function, the positional arguments and those by name."""
    torch.manual_seed(0)
    return [
        (op.op, (sample.input, *sample.args), sample.kwargs)
        for op in database[name]
        for sample in op.sample_inputs("cpu", torch.float64, requires_grad=True)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives(database: dict[str, list[Any]], name: str) -> None:
    found, left = samples(database, name), 0
    ours = getattr(FUNCTIONAL, name)
    for theirs, args, kwargs in found:
        second = "options" not in kwargs  # with which PyTorch's second derivative is 0, and wrong
        right = outcome(theirs, args, kwargs, second=second)
        try:
            with without_pytorchs(name):
                agree(outcome(ours, args, kwargs, second=second), right, rtol=1e-10, atol=1e-13)
        except LeftToPyTorch:
            left += 1
            agree(outcome(ours, args, kwargs, second=second), right)
    assert (len(found), left) == SAMPLES[name]


def test_linear_cross_entropy_in_chunks(database: dict[str, list[Any]]) -> None:
    in_chunks = mock.patch.object(FUNCTIONAL, "_linear_cross_entropy", wraps=FUNCTIONAL._linear_cross_entropy)
    plain = [call for call in samples(database, "linear_cross_entropy") if "options" not in call[2]]
    with mock.patch.object(SHARED, "WHOLE", 0), in_chunks as counted:
        for theirs, args, kwargs in plain:
            with without_pytorchs("linear_cross_entropy"):
                found = outcome(FUNCTIONAL.linear_cross_entropy, args, kwargs)
            agree(found, outcome(theirs, args, kwargs))
    # probabilities that require grad, and logits of more dimensions than two, are made whole: two thirds of the samples
    assert counted.call_count == 36


@pytest.mark.parametrize("name", NAMES)
def test_errors(database: dict[str, list[Any]], name: str) -> None:
    for op in database[name]:
        if op.error_inputs_func is None:
            continue
        for wrong in op.error_inputs("cpu"):
            sample = wrong.sample_input
            args = (sample.input, *sample.args)
            assert refused(getattr(FUNCTIONAL, name), args, sample.kwargs) is refused(op.op, args, sample.kwargs)
            assert refused(getattr(FUNCTIONAL, name), args, sample.kwargs) is wrong.error_type

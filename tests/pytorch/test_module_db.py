"""Every input of PyTorch's own module database: values and gradients of the modules, and their state."""

from __future__ import annotations

import copy
import pickle
from importlib import import_module
from typing import Any

import pytest
import torch
from pytorch.compare import MODULES, agree, outcome, quiet, without_pytorchs

LOSSES = import_module("symce_kernels.torch")

#: how many inputs the database of PyTorch 2.13 has
INPUTS = {
    "CrossEntropyLoss": 105,
    "NLLLoss": 28,
    "KLDivLoss": 10,
    "BCEWithLogitsLoss": 6,
    "Softmax": 3,
    "LogSoftmax": 4,
}
FUNCTIONS = {
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll_loss",
    "KLDivLoss": "kl_div",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
}


@pytest.fixture(scope="module")
def database() -> dict[str, Any]:
    with quiet():
        from torch.testing._internal.common_modules import module_db

    return {info.module_cls.__name__: info for info in module_db}


@pytest.mark.parametrize("name", INPUTS)
def test_values_and_gradients(database: dict[str, Any], name: str) -> None:
    info, count, theirs, ours = database[name], 0, getattr(torch.nn, name), getattr(MODULES, name)
    with quiet():
        inputs = info.module_inputs_func(info, "cpu", torch.float64, requires_grad=True, training=True)
    for given in inputs:
        made = given.constructor_input
        with quiet():
            mine, right = ours(*made.args, **made.kwargs), theirs(*made.args, **made.kwargs)
        assert mine.state_dict().keys() == right.state_dict().keys()
        called = given.forward_input.args, given.forward_input.kwargs
        expected = outcome(right, *called)
        with without_pytorchs(FUNCTIONS[name]):
            agree(outcome(mine, *called), expected)
            agree(outcome(pickle.loads(pickle.dumps(mine)), *called), expected)
        count += 1
    assert count == INPUTS[name]


def test_linear_cross_entropy_has_the_parameters_of_pytorchs() -> None:
    g = torch.Generator().manual_seed(1)
    x, y = torch.randn(6, 4, generator=g, dtype=torch.float64, requires_grad=True), torch.tensor([0, 1, 2, -100, 1, 0])
    for options in ({}, {"bias": True, "label_smoothing": 0.2}, {"weight": torch.rand(3, dtype=torch.float64)}):
        theirs = torch.nn.LinearCrossEntropyLoss(4, 3, dtype=torch.float64, **options)
        ours = MODULES.LinearCrossEntropyLoss(4, 3, dtype=torch.float64, **options)
        ours.load_state_dict(theirs.state_dict())
        agree(outcome(ours, (x, y), {}), outcome(theirs, (x, y), {}))
        for module in (ours, theirs):
            module(x, y).backward()
        agree([p.grad for p in ours.parameters()], [p.grad for p in theirs.parameters()])


def test_what_repr_shows() -> None:
    assert repr(MODULES.CrossEntropyLoss(label_smoothing=0.1, on_empty="zero")) == (
        "CrossEntropyLoss(ignore_index=-100, label_smoothing=0.1, reduction='mean', on_empty='zero', infinite='nan', "
        "precision='native', inplace=False)"
    )
    assert repr(MODULES.NLLLoss(None, None, 3)).startswith("NLLLoss(ignore_index=3, reduction='mean'")
    assert repr(MODULES.KLDivLoss(reduction="sum", log_target=True)) == "KLDivLoss(reduction='sum', log_target=True)"
    assert repr(MODULES.BCEWithLogitsLoss()) == "BCEWithLogitsLoss(reduction='mean')"
    assert repr(MODULES.Softmax(1)) == "Softmax(dim=1)"
    assert repr(MODULES.LinearCrossEntropyLoss(4, 3)).startswith("LinearCrossEntropyLoss(")


def test_the_package_has_the_modules_under_their_names() -> None:
    for name in (*INPUTS, "LinearCrossEntropyLoss"):
        assert getattr(LOSSES, name) is getattr(MODULES, name)
        assert name in dir(LOSSES)
    module = LOSSES.CrossEntropyLoss(torch.ones(3), None, 1)
    assert module.ignore_index == 1
    assert copy.deepcopy(module).weight is not module.weight
    z, y = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    torch.testing.assert_close(module(z, y, normalizer=2.0), module(z, y) * 1.5)

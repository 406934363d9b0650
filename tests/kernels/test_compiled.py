"""The PyTorch functions within one compiled graph, whatever their options: no look at a value breaks it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from kernels.calls import forms
from kernels.special import torch_function

OPTIONS: list[dict[str, Any]] = [{}, {"precision": "wide"}, {"infinite": "limit", "on_empty": "zero"}]


# PyTorch's own tracing makes an object of a class that it calls static
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.long
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["cross_entropy", "focal", "softmax_entropy", "bce_with_logits"])
def test_one_graph_gives_the_same(name: str, options: dict[str, Any]) -> None:
    if name == "bce_with_logits":
        options = {n: a for n, a in options.items() if n != "infinite"}
    g = torch.Generator().manual_seed(3)
    z, y, q = torch.randn(5, 7, generator=g), torch.randint(0, 7, (5,), generator=g), torch.rand(5, 7, generator=g)
    weight = {} if name == "softmax_entropy" else {"weight": torch.rand(7, generator=g)}
    loss_of = torch_function(name)
    for form in forms(name):
        args = {"none": (), "index": (y,), "dense": (q,)}[form]

        def function(x: Any, args: Any = args) -> Any:
            return loss_of(x, *args, **weight, **options)

        torch.compiler.reset()  # the functions of this test are one to it, compiled over and over
        compiled = torch.compile(function, backend="aot_eager", fullgraph=True)
        results = []
        for f in (function, compiled):
            x = z.clone().requires_grad_()
            loss = f(x)
            results.append((loss.detach(), torch.autograd.grad(loss, x)[0]))
        # a compiler may add up in another order
        torch.testing.assert_close(*results, rtol=1e-6, atol=1e-7)

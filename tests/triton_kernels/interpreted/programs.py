"""Hand-built kernels in Triton's interpreter against ``symce.kernel.interpreter``; prints the name of each."""

from __future__ import annotations

import importlib

import numpy as np
import torch
from targets.programs import KERNELS

import symce_kernels.triton
from symce.kernel.interpreter import evaluate
from symce.targets.interface import Interface


def main() -> None:
    calls = importlib.import_module("symce_kernels.triton._calls")
    for kernel in KERNELS:
        for form in Interface(kernel).forms:
            rng = np.random.default_rng(9)
            z = rng.normal(size=(3, 5))
            target = {"index": np.array([0, 1, 4]), "dense": rng.random((3, 5)), "none": None}[form.name]
            shapes = {"": (), "K": (5,), "NxK": (3, 5)}
            params = {p.name: rng.uniform(0.5, 2, shapes[p.shape]) for p in kernel.params}
            given = {} if target is None else {"target": target}
            right = evaluate(form.program.only("value", "gradient"), logits=z, **given, **params)
            args = [] if target is None else [torch.as_tensor(target)]
            options = {n: float(a) if a.ndim == 0 else torch.as_tensor(a) for n, a in params.items()}
            flow = rng.normal(size=right["value"].shape)
            for whole in (8192, 0):
                calls.WHOLE, calls.BLOCK = whole, 2
                x = torch.tensor(z, requires_grad=True)
                with np.errstate(all="ignore"):
                    loss = getattr(symce_kernels.triton, kernel.name)(x, *args, reduction="none", **options)
                    loss.backward(torch.as_tensor(flow))
                gradient = right["gradient"] * (flow if flow.ndim == 2 else flow[:, None])
                np.testing.assert_allclose(loss.detach().numpy(), right["value"], rtol=1e-12, atol=1e-13)
                np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-12, atol=1e-13)
        print(kernel.name)


if __name__ == "__main__":
    main()

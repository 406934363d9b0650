"""``linear_NAME``: what it refuses and how it says so, what memory it takes, and that there is one for every loss."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from kernels.calls import LABELS, NAMES


def linear(library: str, name: str) -> Any:
    return getattr(import_module(f"symce_kernels.{library}.linear"), f"linear_{name}")


WRONG: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("cross_entropy", {"x": np.ones((6, 4), int)}, TypeError, "x: dtype .*int64; allowed"),
    ("cross_entropy", {"x": np.ones(())}, ValueError, r"x: shape \(\); allowed"),
    ("cross_entropy", {"W": np.ones((5, 3))}, ValueError, r"W: shape \(5, 3\); allowed: \(K, 4\)"),
    ("cross_entropy", {"W": np.ones((0, 4))}, ValueError, r"W: shape \(0, 4\); allowed: .*K >= 1"),
    ("cross_entropy", {"W": np.ones((5, 4), np.float32)}, TypeError, "W: dtype .*float32; allowed: .*float64"),
    ("cross_entropy", {"b": np.ones(4)}, ValueError, r"b: shape \(4,\); allowed: \(5,\)"),
    ("cross_entropy", {"target": np.full(6, 5)}, ValueError, r"target: class 5 at position \(0,\); allowed: 0 to 4"),
    ("cross_entropy", {"target": np.zeros(5, int)}, ValueError, r"target: integers of shape \(5,\); .*\(6,\).*one-hot"),
    ("cross_entropy", {"target": np.zeros((6, 4))}, ValueError, r"target: shape \(6, 4\); allowed: \(6, 5\)"),
    ("focal", {"target": np.zeros((6, 5))}, TypeError, "target: dtype .*float64; allowed: integers"),
    ("bce_with_logits", {"target": np.zeros((6, 5), int)}, TypeError, "target: dtype .*int64; allowed: a float"),
    ("cross_entropy", {"memory": 0}, ValueError, "memory: 0; allowed"),
    ("cross_entropy", {"memory": 1.5}, ValueError, "memory: 1.5; allowed"),
    ("cross_entropy", {"reduction": "average"}, ValueError, 'reduction: \'average\'; allowed: "mean", "sum", "none"'),
    ("cross_entropy", {"on_empty": "one"}, ValueError, "on_empty: 'one'; allowed"),
    ("cross_entropy", {"precision": "high"}, ValueError, "precision: 'high'; allowed"),
    ("cross_entropy", {"normalizer": -1.0}, ValueError, "normalizer: -1.0; allowed: positive"),
    ("cross_entropy", {"normalizer": "N"}, TypeError, "normalizer: 'N'; allowed: a number"),
    ("cross_entropy", {"weight": np.ones(4)}, ValueError, r"weight: shape \(4,\); allowed: .*5"),
    ("focal", {"gamma": -1.0}, ValueError, "gamma: -1.0; allowed: nonnegative"),
]


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("name", "changed", "error", "words"), WRONG)
def test_an_error_names_the_argument_and_what_is_allowed(
    name: str, changed: dict[str, Any], error: type[Exception], words: str, library: str
) -> None:
    arguments: dict[str, Any] = {"x": np.ones((6, 4)), "W": np.ones((5, 4)), "b": None}
    arguments["target"] = np.zeros((6, 5)) if name == "bce_with_logits" else np.zeros(6, int)

    def call(**given: Any) -> Any:
        if library == "torch":
            given = {n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in given.items()}
        return linear(library, name)(**given)

    call(**arguments)
    with pytest.raises(error, match=words):
        call(**{**arguments, **changed})


def test_cotangents_of_another_shape_or_reduction_are_refused() -> None:
    arguments = np.ones((6, 4)), np.ones((5, 4)), None, np.zeros(6, int)
    with pytest.raises(ValueError, match=r"cotangent: shape \(5,\); allowed: \(6,\)"):
        linear("numpy", "cross_entropy")(*arguments, reduction="none", cotangent=np.ones(5))
    with pytest.raises(ValueError, match='cotangent: only for reduction="none"'):
        linear("numpy", "cross_entropy")(*arguments, cotangent=np.ones(6))


def test_no_gradient_flows_to_anything_else() -> None:
    x, W, b, target = torch.ones(6, 4), torch.ones(5, 4), torch.ones(5), torch.zeros(6, dtype=torch.long)
    weight = torch.ones(5, dtype=torch.float64, requires_grad=True)
    with pytest.raises(ValueError, match=r"weight: it requires grad, .*detach"):
        linear("torch", "cross_entropy")(x, W, b, target, weight=weight)


PEAK = """
import numpy, pathlib, resource, sys, {library}
from symce_kernels.{library}.linear import linear_cross_entropy

def status(field):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))

def call(N, K, D):
    x, W, target = numpy.ones((N, D), "f"), numpy.ones((K, D), "f"), numpy.zeros(N, int)
    if "{library}" == "torch":
        x, W, target = torch.tensor(x).requires_grad_(), torch.tensor(W).requires_grad_(), torch.tensor(target)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    loss = linear_cross_entropy(x, W, None, target, memory=2**20)
    if "{library}" == "torch":
        loss.backward()
    return status("VmHWM") - before

call(4, 4, 4)
print(call(4096, 8192, 64))
"""


@pytest.mark.long
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="peaks of memory are read from /proc, which is Linux's"
)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_logits_are_never_whole(library: str) -> None:
    """Whole, they would be 128 MiB; a chunk of 1 MiB, dW of 2 MiB and what a loss needs of a block are less than 64."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK.format(library=library)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 64 * 1024, "KiB at most beside the arguments"


def test_a_chunk_is_what_the_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("numpy", "torch"):
        module = import_module(f"symce_kernels.{library}.linear")
        sizes: list[int] = []

        def spy(
            chunks: Any, z: Any, *rest: Any, whole: Any = module._loss, sizes: list[int] = sizes, **named: Any
        ) -> Any:
            sizes.append(len(z))
            return whole(chunks, z, *rest, **named)

        monkeypatch.setattr(module, "_loss", spy)
        x, W, target = np.ones((10, 4)), np.ones((5, 4)), np.arange(10) % 5
        target[3] = -100
        arguments = (
            (x, W, None, target) if library == "numpy" else (*map(torch.tensor, (x, W)), None, torch.tensor(target))
        )
        for memory, expected_sizes in ((1, [1] * 9), (4 * 40, [3, 3, 3]), (5 * 40 + 1, [5, 4]), (None, [9])):
            sizes.clear()
            linear(library, "cross_entropy")(*arguments, memory=memory)
            assert sizes == expected_sizes, (library, memory)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_there_is_one_for_every_loss(library: str) -> None:
    module = import_module(f"symce_kernels.{library}.linear")
    assert set(module.__all__) == {f"linear_{name}" for name in NAMES}
    assert set(LABELS) == {name for name in NAMES if module._FACTS[name].elementwise}

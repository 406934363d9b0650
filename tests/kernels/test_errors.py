"""Bad arguments: a TypeError or ValueError that names the argument, its value, and what is allowed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from kernels.calls import LOSSES, NAMES, accepted, forms, numpy_module

Z = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
C = np.array([2, 0])
Y = np.full((2, 3), 1 / 3)

WRONG: list[tuple[str, dict[str, Any], type[Exception], tuple[str, ...]]] = [
    ("cross_entropy", {"logits": Z.astype(int)}, TypeError, ("logits|input", "int64", "allowed")),
    ("cross_entropy", {"logits": np.float64(1.0)}, ValueError, ("axis|input", "allowed")),
    ("cross_entropy", {"target": np.array([2, 3])}, ValueError, ("target", "3", "0 to 2")),
    ("cross_entropy", {"target": np.array([-1, 0])}, ValueError, ("target", "-1", "0 to 2")),
    ("cross_entropy", {"target": np.array([0, 1, 2])}, ValueError, ("target", r"\(3,\)", r"\(2,\)")),
    ("cross_entropy", {"target": np.eye(3, dtype=int)[:2]}, ValueError, ("target", "one-hot")),
    ("cross_entropy", {"target": np.array([True, False])}, (ValueError, TypeError), ("target", "allowed")),  # type: ignore[list-item]
    ("cross_entropy", {"target": np.full((2, 4), 0.25)}, ValueError, ("target", r"\(2, 4\)", r"\(2, 3\)")),
    ("focal", {"target": C.astype(float)}, TypeError, ("target", "float64", "integers")),
    ("cross_entropy", {"weight": np.ones(4)}, ValueError, ("weight", r"\(4,\)", "a class")),
    ("cross_entropy", {"label_smoothing": 1.5}, ValueError, ("label_smoothing", "1.5", "0 to 1")),
    ("cross_entropy", {"label_smoothing": float("nan")}, ValueError, ("label_smoothing", "nan", "0 to 1")),
    ("cross_entropy", {"label_smoothing": "a lot"}, TypeError, ("label_smoothing", "a lot", "a number")),
    ("cross_entropy", {"reduction": "average"}, ValueError, ("reduction", "average", '"mean", "sum", "none"')),
    ("cross_entropy", {"normalizer": 0.0}, ValueError, ("normalizer", "0.0", "positive")),
    ("focal", {"gamma": -1.0}, ValueError, ("gamma", "-1.0", "nonnegative")),
    ("focal", {"alpha": np.array([0.5, -0.25, 1])}, ValueError, ("alpha", "-0.25", "nonnegative")),
    ("focal", {"alpha": np.ones(2)}, ValueError, ("alpha", r"\(2,\)", "a class")),
    ("temperature_cross_entropy", {"T": 0.0}, ValueError, ("T", "0.0", "positive")),
    ("label_smoothing", {"eps": 1.25}, ValueError, ("eps", "1.25", "0 to 1")),
    ("bce_with_logits", {"target": C}, (ValueError, TypeError), ("target", "allowed")),  # type: ignore[list-item]
]


def call(name: str, library: str, changed: dict[str, Any]) -> Any:
    arguments: dict[str, Any] = {"logits": Z, "target": Y if name == "bce_with_logits" else C, **changed}
    if library == "numpy":
        return numpy_module(name).value(**arguments)
    import torch

    arguments = {n: torch.tensor(a) if isinstance(a, np.ndarray | np.floating) else a for n, a in arguments.items()}
    return getattr(import_module("symce_kernels.torch"), name)(input=arguments.pop("logits"), **arguments)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("name", "changed", "error", "words"), WRONG)
def test_the_argument_its_value_and_what_is_allowed_are_named(
    name: str, changed: dict[str, Any], error: type[Exception], words: tuple[str, ...], library: str
) -> None:
    call(name, library, {})
    with pytest.raises(error) as raised:
        call(name, library, changed)
    for word in words:
        raised.match(word)


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_refuses_an_unknown_reduction_and_a_bad_normalizer(name: str) -> None:
    args = {"none": (Z,), "index": (Z, C), "dense": (Z, Y)}[forms(name)[0]]
    m = numpy_module(name)
    given = {p.name: Y for p in LOSSES[name].params if p.default is None}
    m.value(*args, **given)
    for option, value in (("reduction", "batchmean"), ("normalizer", -1.0), ("axis", 7)):
        with pytest.raises(ValueError, match=option):
            m.value(*args, **given, **{option: value})
    with pytest.raises(ValueError, match="cotangent"):
        m.grad(*args, **given, cotangent=np.ones(5), reduction="none")
    with pytest.raises(ValueError, match="cotangent"):
        m.grad(*args, **given, cotangent=np.ones(2), reduction="mean")
    with pytest.raises(TypeError, match="unexpected keyword"):
        m.value(*args, **given, no_such_option=1)
    assert "reduction" in accepted(name)


def test_no_gradient_flows_to_anything_but_the_input() -> None:
    import torch

    losses = import_module("symce_kernels.torch")
    z, y = torch.tensor(Z, requires_grad=True), torch.tensor(Y, requires_grad=True)
    with pytest.raises(ValueError, match=r"target.*detach"):
        losses.cross_entropy(z, y)
    with pytest.raises(ValueError, match=r"weight.*detach"):
        losses.cross_entropy(z, torch.tensor(C), weight=torch.ones(3, dtype=torch.float64, requires_grad=True))


def test_a_loss_that_divides_by_the_other_classes_says_how_many_it_takes() -> None:
    from symce_kernels.numpy import label_smoothing as in_numpy
    from symce_kernels.torch import label_smoothing as in_torch

    with pytest.raises(ValueError, match="K = 1 classes; allowed: at least 2"):
        in_numpy.value(np.zeros((3, 1)), np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="K = 1 classes; allowed: at least 2"):
        in_torch(torch.zeros(3, 1), torch.zeros(3, dtype=torch.long))

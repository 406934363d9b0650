"""Generated PyTorch modules against the generated NumPy ones, PyTorch's own losses, and numerical derivatives."""

from __future__ import annotations

import importlib
import subprocess
import sys
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from targets.programs import KERNELS

F = torch.nn.functional
gradcheck, gradgradcheck = torch.autograd.gradcheck, torch.autograd.gradgradcheck

BY_NAME = {k.name: k for k in KERNELS}
DTYPES = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 4e-5, "float64": 1e-11}
SHAPES = [(5,), (6, 5), (3, 5, 4), (2, 5, 2, 3), (0, 5)]


def losses(package: ModuleType) -> Any:
    return importlib.import_module(f"{package.__name__}.torch")


def batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:1] * (len(shape) > 1) + shape[2:]


def both(function: Any, z: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
    """The loss, and the gradient of the loss times a fixed, random cotangent."""
    z = z.detach().clone().requires_grad_()
    loss = function(z, *args, **options)
    cotangent = torch.randn(loss.shape, generator=torch.Generator().manual_seed(3)).to(loss.dtype)
    return loss.detach(), torch.autograd.grad(loss, z, cotangent)[0]


@pytest.mark.parametrize("name", sorted(BY_NAME))
@settings(max_examples=40)
@given(data=st.data())
def test_agrees_with_numpy(package: ModuleType, name: str, data: st.DataObject) -> None:
    kernel, draw = BY_NAME[name], data.draw
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k, dtype = draw(st.integers(0, 5)), draw(st.integers(1, 64)), draw(st.sampled_from(sorted(DTYPES)))
    torch_dtype = getattr(torch, dtype)
    z = torch.as_tensor(rng.normal(size=(n, k)) * draw(st.sampled_from([1, 10]))).to(torch_dtype)
    form = draw(st.sampled_from(sorted(kernel.programs)))
    o: dict[str, Any] = {"reduction": draw(st.sampled_from(["mean", "sum", "none"]))}
    o["normalizer"] = draw(st.sampled_from([None, 2.5]))
    target = None
    if form == "index":
        target = torch.as_tensor(np.where(rng.random(n) < 0.2, -100, rng.integers(0, k, n)))
    elif form == "dense":
        target = torch.as_tensor(rng.random((n, k))).to(torch_dtype)
    if target is not None and draw(st.booleans()):
        o["weight"] = torch.as_tensor(rng.uniform(0.5, 2, k))
    if kernel.linear_in_target:
        o["label_smoothing"] = draw(st.sampled_from([0.0, 0.1]))
    for p in kernel.params:
        shape = {"K": (k,), "NxK": (n, k)}.get(p.shape)
        o[p.name] = torch.as_tensor(rng.uniform(0.5, 2, shape)) if shape else 1.5
    args = () if target is None else (target,)
    versions = [a._version for a in (z, *args)]

    loss, gradient = both(getattr(losses(package), name), z, *args, **o)

    def plain(a: Any) -> Any:
        return (a.double() if a.is_floating_point() else a).numpy() if isinstance(a, torch.Tensor) else a

    m = importlib.import_module(f"{package.__name__}.numpy.{name}")
    cotangent = plain(torch.randn(loss.shape, generator=torch.Generator().manual_seed(3)).to(loss.dtype))
    given_ = {"cotangent": cotangent} if o["reduction"] == "none" else {}
    expected = m.value_and_grad(plain(z), *map(plain, args), **{a: plain(b) for a, b in o.items()}, **given_)
    factor = 1 if o["reduction"] == "none" else cotangent
    tolerance = {"rtol": DTYPES[dtype], "atol": DTYPES[dtype]}
    np.testing.assert_allclose(plain(loss), expected[0], **tolerance)
    np.testing.assert_allclose(plain(gradient), expected[1] * factor, **tolerance)
    assert loss.dtype == gradient.dtype == torch_dtype
    assert versions == [a._version for a in (z, *args)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("module_form", [False, True])
def test_cross_entropy_is_pytorchs(
    package: ModuleType, shape: tuple[int, ...], reduction: str, module_form: bool
) -> None:
    g = torch.Generator().manual_seed(0)
    z = torch.randn(shape, generator=g, dtype=torch.float64)
    weight = torch.rand(5, generator=g, dtype=torch.float64)
    indices = torch.randint(0, 5, batch(shape), generator=g)
    ignored = torch.where(torch.rand(batch(shape), generator=g) < 0.3, 2, indices)
    dense = torch.rand(shape, generator=g, dtype=torch.float64)
    package_ = losses(package)
    for target, w, eps, ignore in product([indices, ignored, dense], [None, weight], [0.0, 0.1, 1.0], [-100, 2]):
        if target is dense and ignore != -100:
            continue  # PyTorch refuses ignore_index with probabilities
        o = {"weight": w, "label_smoothing": eps, "ignore_index": ignore, "reduction": reduction}
        function = package_.CrossEntropyLoss(**o) if module_form else package_.functional.cross_entropy
        actual = both(function, z, target, **({} if module_form else o))
        expected = both(F.cross_entropy, z, target, **o)
        torch.testing.assert_close(actual[0], expected[0], rtol=1e-12, atol=1e-14, equal_nan=True)
        if z.numel():
            nothing = reduction == "mean" and target is not dense and bool((target == ignore).all())
            assert not actual[1].isnan().any() or not nothing
            torch.testing.assert_close(actual[1], expected[1], rtol=1e-11, atol=1e-14, equal_nan=True)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 4, 3)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_binary_cross_entropy_is_pytorchs(package: ModuleType, shape: tuple[int, ...], reduction: str) -> None:
    g = torch.Generator().manual_seed(1)
    z, y = (torch.randn(shape, generator=g, dtype=torch.float64) for _ in "zy")
    y = y.sigmoid()
    ours = losses(package).functional.binary_cross_entropy_with_logits
    for weight in (None, torch.rand(shape, generator=g, dtype=torch.float64), torch.tensor(2.0, dtype=torch.float64)):
        actual = both(ours, z, y, weight, reduction=reduction)
        expected = both(F.binary_cross_entropy_with_logits, z, y, weight, reduction=reduction)
        torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-14)


def calls(name: str) -> list[tuple[Any, ...]]:
    """Targets and options of each loss, for the numerical derivatives."""
    g = torch.Generator().manual_seed(2)
    y, q = torch.randint(0, 5, (4,), generator=g), torch.rand((4, 5), generator=g, dtype=torch.float64)
    w = torch.rand(5, generator=g, dtype=torch.float64)
    return {
        "cross_entropy": [
            ((y,), {}), ((torch.tensor([0, -100, 2, -100]),), {"weight": w}), ((q,), {"weight": w}),
            ((y,), {"label_smoothing": 0.2, "weight": w}), ((q,), {"reduction": "none"}), ((y,), {"reduction": "none"}),
        ],
        "focal": [((y,), {"gamma": g_, "alpha": w, "reduction": "none"}) for g_ in (0.0, 0.5, 1.0, 2.0, 5.0)],
        "binary_cross_entropy": [((q,), {}), ((q,), {"weight": w, "reduction": "none"})],
        "entropy": [((), {}), ((), {"reduction": "none"})],
        "taught": [((), {"teacher": q, "factor": w, "s": 0.5})],
        "temperature": [((y,), {"T": 0.5}), ((y,), {"T": 3.0, "reduction": "none"})],
    }[name]  # fmt: skip


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_first_and_second_derivatives(package: ModuleType, name: str) -> None:
    z = torch.randn(4, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64, requires_grad=True)
    for args, options in calls(name):

        def function(x: Any, args: Any = args, options: Any = options) -> Any:
            return getattr(losses(package), name)(x, *args, **options)

        assert gradcheck(function, (z,))
        assert gradgradcheck(function, (z,))


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "entropy"])
def test_derivatives_where_two_logits_are_the_largest(package: ModuleType, name: str) -> None:
    """The derivative of the maximum belongs to the one entry that the sum of the others leaves out."""
    z = torch.tensor([[1.0, 2.0, 2.0, 0.0], [3.0, 3.0, 3.0, 3.0]], dtype=torch.float64, requires_grad=True)
    args = () if name == "entropy" else (torch.tensor([1, 2]),)
    assert gradcheck(lambda x: getattr(losses(package), name)(x, *args), (z,))
    assert gradgradcheck(lambda x: getattr(losses(package), name)(x, *args), (z,))


def test_nan_in_an_ignored_row_reaches_nothing(package: ModuleType) -> None:
    z = torch.tensor([[torch.nan, torch.inf, 0.0], [1.0, 2.0, 3.0]], requires_grad=True)
    loss = losses(package).cross_entropy(z, torch.tensor([-100, 1]), weight=torch.tensor([1.0, 2.0, 3.0]))
    (gradient,) = torch.autograd.grad(loss, z, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), z)
    for row in (gradient[0], second[0]):
        torch.testing.assert_close(row, torch.zeros(3))
    assert loss.isfinite()
    assert gradient.isfinite().all()
    assert second.isfinite().all()


def test_nothing_to_average_is_nan_and_its_gradient_zero(package: ModuleType) -> None:
    z = torch.ones(2, 3, requires_grad=True)
    loss = losses(package).cross_entropy(z, torch.tensor([-100, -100]))
    loss.backward()
    assert loss.isnan()
    torch.testing.assert_close(z.grad, torch.zeros(2, 3))


def test_a_class_of_weight_zero_counts_for_nothing(package: ModuleType) -> None:
    cross_entropy, z = losses(package).cross_entropy, torch.tensor([[-torch.inf, 0.0], [1.0, 2.0]])
    weight = torch.tensor([0.0, 1.0])
    torch.testing.assert_close(cross_entropy(z, Y, weight=weight), cross_entropy(z[1:], Y[1:]))
    loss, gradient = both(cross_entropy, z, torch.tensor([0, 0]), weight=weight)
    assert loss.isnan()
    torch.testing.assert_close(gradient, torch.zeros(2, 2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_extreme_logits_are_finite_where_mathematics_is(package: ModuleType, dtype: Any) -> None:
    huge = 6e4 if dtype == torch.float16 else 1e30
    z = torch.tensor([[1000, -1000, 0], [huge, 0, -huge], [-torch.inf, 0, 1], [huge, huge, huge]], dtype=dtype)
    for name in ("cross_entropy", "focal"):
        loss, gradient = both(getattr(losses(package), name), z, torch.tensor([0, 0, 1, 2]), reduction="none")
        assert loss.isfinite().all()
        assert gradient.isfinite().all()
        assert gradient[2, 0] == 0
        wrong, gradient = both(getattr(losses(package), name), z[2:3], torch.tensor([0]), reduction="none")
        assert wrong[0] == torch.inf
        assert gradient.isfinite().all()


def test_autocast_gives_what_pytorch_gives(package: ModuleType) -> None:
    z = torch.randn(4, 5, generator=torch.Generator().manual_seed(5)).bfloat16()
    y = torch.tensor([0, 1, 2, 3])
    plain = losses(package).cross_entropy(z.float(), y)
    with torch.autocast("cpu", torch.bfloat16):
        loss, gradient = both(losses(package).cross_entropy, z, y)
        assert loss.dtype == F.cross_entropy(z, y).dtype
    torch.testing.assert_close(loss.float(), plain)
    assert gradient.dtype == torch.bfloat16


def test_functional_transforms(package: ModuleType) -> None:
    package_, y = losses(package), torch.tensor([0, 1, 2])
    z = torch.randn(3, 5, generator=torch.Generator().manual_seed(6), dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(package_.focal(z, y), z)
    torch.testing.assert_close(torch.func.grad(lambda x: package_.focal(x, y))(z), gradient)
    (gradient,) = torch.autograd.grad(package_.entropy(z, reduction="sum"), z)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(package_.entropy))(z), gradient)


Z, Y = torch.zeros(2, 3), torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("name", "args", "options", "error", "text"),
    [
        ("cross_entropy", (Z.long(), Y), {}, TypeError, r"input: dtype torch.int64; allowed: a floating"),
        ("cross_entropy", (torch.zeros(2, 0), Y), {}, ValueError, r"input: shape \(2, 0\); .* K >= 1"),
        ("cross_entropy", (Z, torch.tensor([0, 3])), {}, ValueError, r"class 3 at position \(1,\); allowed: 0 to 2"),
        ("cross_entropy", (Z, Y[:1]), {}, ValueError, r"target: integers of shape \(1,\); .* shape \(2,\)"),
        ("cross_entropy", (Z, F.one_hot(Y, 3)), {}, ValueError, r"convert one-hot integers with .to"),
        ("cross_entropy", (Z, Z[:1]), {}, ValueError, r"target: shape \(1, 3\); allowed: \(2, 3\)"),
        ("cross_entropy", (Z, Z > 0), {}, TypeError, r"target: dtype torch.bool; allowed: integers"),
        ("cross_entropy", (Z, Z.clone().requires_grad_()), {}, ValueError, r"pass target.detach\(\)"),
        ("cross_entropy", (Z, Y), {"weight": torch.ones(3, requires_grad=True)}, ValueError, r"pass weight.detach"),
        ("cross_entropy", (Z, Y), {"weight": torch.ones(2)}, ValueError, r"weight: shape \(2,\); .* \(3,\)"),
        ("cross_entropy", (Z, Y), {"label_smoothing": -0.1}, ValueError, r"label_smoothing: -0.1; allowed: .* 0 to 1"),
        ("cross_entropy", (Z, Y), {"reduction": "avg"}, ValueError, r"reduction: 'avg'; allowed"),
        ("cross_entropy", (Z, Y), {"normalizer": -2}, ValueError, r"normalizer: -2.0; allowed: positive"),
        ("focal", (Z, Y), {"gamma": -1}, ValueError, r"gamma: -1.0; allowed: nonnegative"),
        ("focal", (Z, Y), {"alpha": torch.tensor([1.0, -1.0, 0.0])}, ValueError, r"alpha: -1.0 at position \(1,\);"),
        ("focal", (Z, Z), {}, TypeError, r"target: dtype torch.float32; allowed: integers"),
        ("taught", (Z,), {"factor": 1, "teacher": Z[:1]}, ValueError, r"teacher: shape \(1, 3\); allowed: \(2, 3\)"),
        ("taught", (Z,), {"factor": 1, "teacher": Z - 1}, ValueError, r"teacher: -1.0 at position \(0, 0\);"),
        ("temperature", (Z, Y), {}, TypeError, r"missing 1 required keyword-only argument: 'T'"),
        ("binary_cross_entropy", (Z, Z.long()), {}, TypeError, r"target: dtype torch.int64; allowed: a floating"),
    ],
)  # fmt: skip
def test_errors_name_argument_value_and_remedy(
    package: ModuleType, name: str, args: tuple[Any, ...], options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        getattr(losses(package), name)(*args, **options)


def test_a_module_holds_its_options(package: ModuleType) -> None:
    alpha = torch.tensor([1.0, 2.0, 3.0])
    m = losses(package).FocalLoss(alpha=alpha, gamma=1.0, weight=torch.ones(3))
    assert repr(m) == (
        "FocalLoss(alpha=tensor([1., 2., 3.]), gamma=1.0, ignore_index=-100, reduction='mean', on_empty='nan', "
        "precision='native', inplace=False)"
    )
    assert set(m.state_dict()) == {"alpha", "weight"}
    torch.testing.assert_close(m(Z, Y), losses(package).focal(Z, Y, alpha=alpha, gamma=1.0))
    torch.testing.assert_close(m(Z, Y, normalizer=torch.tensor(1.0)), 2 * m(Z, Y, normalizer=2))
    taught = losses(package).TaughtLoss(factor=2.0)
    torch.testing.assert_close(taught(Z, teacher=Z + 0.25), losses(package).taught(Z, factor=2.0))


ORDERS = [
    "from {p}.torch import focal, FocalLoss\nimport {p}.torch.focal",
    "import {p}.torch.focal\nfrom {p}.torch import focal, FocalLoss",
    "from {p}.torch.focal import FocalLoss\nimport {p}.torch.functional\nfrom {p}.torch import focal",
    "from {p}.torch import FocalLoss, functional\nfrom {p} import torch\nfocal = torch.focal",
]


@pytest.mark.parametrize("order", ORDERS)
def test_the_name_of_a_loss_is_its_function_in_every_order(package: ModuleType, order: str) -> None:
    folder, p = package.__path__[0].rpartition("/")[0], package.__name__
    code = order.format(p=p) + (
        f"\nimport sys, types, inspect, importlib\nassert inspect.isfunction(focal) and inspect.isclass(FocalLoss)\n"
        f"assert sys.modules['{p}.torch'].focal is focal\n"
        f"assert isinstance(importlib.import_module('{p}.torch.focal'), types.ModuleType)\n"
        f"assert 'sympy' not in sys.modules and 'symce' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True)


def test_the_package_lists_what_it_has(package: ModuleType) -> None:
    names = dir(losses(package))
    assert {"focal", "FocalLoss", "functional", "CrossEntropyLoss"} <= set(names)
    for name in names:
        assert getattr(losses(package), name) is not None
    with pytest.raises(AttributeError, match="no attribute 'focall'"):
        losses(package).focall  # noqa: B018
    functional = losses(package).functional
    assert {n for n in functional.__all__ if not callable(getattr(functional, n))} == set()

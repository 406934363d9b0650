"""Generated NumPy modules against the interpreter, over the whole product of options."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets.programs import KERNELS

from symce.kernel.interpreter import evaluate
from symce.kernel.kernel import Kernel

BY_NAME = {k.name: k for k in KERNELS}
TOLERANCE = {"float16": 2e-3, "float32": 4e-5, "float64": 1e-11}


def module(package: ModuleType, name: str) -> Any:
    return importlib.import_module(f"{package.__name__}.numpy.{name}")


def reference(kernel: Kernel, z: np.ndarray, target: Any, v: np.ndarray, o: dict[str, Any]) -> dict[str, Any]:
    """Losses of rows (N, K), gradient and hvp scaled by the cotangent: row by row, in float64, as the text says it."""
    n, k = z.shape
    weight = np.ones(k) if o.get("weight") is None else np.asarray(o["weight"], float)
    eps, params = o.get("label_smoothing", 0.0), {p.name: o[p.name] for p in kernel.params}
    indices = target is not None and np.asarray(target).dtype.kind == "i"
    kept = np.array([not indices or t != o["ignore_index"] for t in (target if target is not None else range(n))], bool)
    losses, rows, products, mass = [], [], [], 0.0
    for i in range(n):
        if not kept[i]:
            losses.append(np.zeros(k if kernel.elementwise else 1))
            rows.append(np.zeros(k))
            products.append(np.zeros(k))
            continue
        form, factor, inputs = "none", 1.0, {}
        if indices and not eps:
            form, factor, inputs = "index", weight[target[i]], {"target": target[i : i + 1]}
            mass += weight[target[i]]
        elif target is not None:
            y = np.eye(k)[target[i]] if indices else np.asarray(target[i], float)
            mass += weight[target[i]] if indices else k if kernel.elementwise else 1
            q = weight * ((1 - eps) * y + eps / k) if kernel.linear_in_target else y
            form, factor, inputs = "dense", weight if kernel.elementwise else 1.0, {"target": q[None]}
        else:
            mass += 1
        row = {p.name: params[p.name][i : i + 1] for p in kernel.params if p.shape == "NxK"}
        out = evaluate(kernel.programs[form], logits=z[i : i + 1], v=v[i : i + 1], **inputs, **(params | row))
        losses.append(np.atleast_1d(factor * out["value"][0]))
        rows.append(factor * out["gradient"][0])
        products.append(factor * out.get("hvp", np.zeros((1, k)))[0])
    losses_ = np.array(losses).reshape(n, k if kernel.elementwise else 1)
    gradient, hvp = np.array(rows).reshape(n, k), np.array(products).reshape(n, k)
    mass = mass if o["normalizer"] is None or o["reduction"] != "mean" else o["normalizer"]
    with np.errstate(all="ignore"):
        scale = {"mean": 1 / np.float64(mass), "sum": 1.0}.get(o["reduction"], o.get("cotangent"))
        total = {"mean": losses_.sum() / np.float64(mass), "sum": losses_.sum()}.get(o["reduction"], losses_)
    scale = np.where(kept[:, None], scale, 0.0)
    return {"value": total, "gradient": gradient * scale, "hvp": hvp * scale}


@st.composite
def calls(draw: st.DrawFn, kernel: Kernel) -> dict[str, Any]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k = draw(st.integers(0, 6)), draw(st.integers(1, 64))
    dtype = draw(st.sampled_from(sorted(TOLERANCE)))
    z = (rng.normal(size=(n, k)) * draw(st.sampled_from([0.0, 1.0, 10.0]))).astype(dtype)
    form = draw(st.sampled_from(sorted(kernel.programs)))
    o: dict[str, Any] = {
        "reduction": draw(st.sampled_from(["mean", "sum", "none"])),
        "normalizer": draw(st.sampled_from([None, 3.5])),
    }
    target: Any = None
    if form == "index":
        o["ignore_index"] = draw(st.sampled_from([-100, 0, k - 1]))
        target = np.where(rng.random(n) < 0.2, o["ignore_index"], rng.integers(0, k, n))
    elif form == "dense":
        target = rng.random((n, k)).astype(dtype)
    if target is not None and draw(st.booleans()):
        o["weight"] = rng.uniform(0.5, 2, k).astype(dtype)
    if kernel.linear_in_target:
        o["label_smoothing"] = draw(st.sampled_from([0.0, 0.125, 1.0]))
    for p in kernel.params:
        shape = {"K": (k,), "NxK": (n, k)}.get(p.shape)
        o[p.name] = rng.uniform(0.5, 2, shape).astype(dtype) if shape else draw(st.sampled_from([0.5, 2.0]))
    if o["reduction"] == "none":
        o["cotangent"] = rng.normal(size=(n, k if kernel.elementwise else 1)).astype(dtype)
    return {"logits": z, "target": target, "v": rng.normal(size=(n, k)).astype(dtype), "options": o}


@pytest.mark.parametrize("name", sorted(BY_NAME))
@settings(max_examples=60)
@given(data=st.data())
def test_every_option_agrees_with_the_interpreter(package: ModuleType, name: str, data: st.DataObject) -> None:
    kernel, m = BY_NAME[name], module(package, name)
    drawn = data.draw(calls(kernel))
    z, target, v, o = drawn["logits"], drawn["target"], drawn["v"], drawn["options"]
    args = (z,) if target is None else (z, target)
    before = [a.tobytes() for a in (*args, v)]
    expected = reference(kernel, z.astype(float), target, v.astype(float), o)
    with np.errstate(over="ignore"):  # half precision ends at 65,504, and what is beyond is infinite in both
        expected = {n: np.asarray(a).astype(z.dtype).astype(float) for n, a in expected.items()}
    tolerance = {"rtol": TOLERANCE[z.dtype.name], "atol": TOLERANCE[z.dtype.name]}
    with_cotangent = dict(o)
    if "cotangent" in o:
        shape = z.shape if kernel.elementwise else z.shape[:1]
        with_cotangent["cotangent"] = o["cotangent"].reshape(shape)
    options = {key: value for key, value in with_cotangent.items() if key != "cotangent"}

    value = m.value(*args, **options)
    both = m.value_and_grad(*args, **with_cotangent)
    gradient = m.grad(*args, **with_cotangent)
    np.testing.assert_allclose(np.reshape(value, np.shape(expected["value"])), expected["value"], **tolerance)
    np.testing.assert_allclose(gradient, expected["gradient"], **tolerance)
    np.testing.assert_array_equal(both[0], value)
    np.testing.assert_array_equal(both[1], gradient)
    assert value.dtype == gradient.dtype == z.dtype
    if hasattr(m, "hvp"):
        np.testing.assert_allclose(m.hvp(*args, v, **with_cotangent), expected["hvp"], **tolerance)
    assert before == [a.tobytes() for a in (*args, v)]


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_classes_may_lie_on_any_axis(package: ModuleType, axis: int) -> None:
    m, rng = module(package, "cross_entropy"), np.random.default_rng(1)
    last = rng.normal(size=(3, 4, 5))
    y = rng.integers(0, 5, (3, 4))
    cotangent = rng.normal(size=(3, 4))
    loss, gradient = m.value_and_grad(last, y, reduction="none", cotangent=cotangent)
    z = np.moveaxis(last, -1, axis)
    moved = m.value_and_grad(z, y, reduction="none", cotangent=cotangent, axis=axis)
    np.testing.assert_array_equal(moved[0], loss)
    np.testing.assert_array_equal(moved[1], np.moveaxis(gradient, -1, axis))
    dense = m.grad(z, np.moveaxis(np.eye(5)[y], -1, axis), axis=axis)
    np.testing.assert_allclose(dense, m.grad(z, y, axis=axis), atol=1e-15)


def test_one_dimension_is_one_row(package: ModuleType) -> None:
    m = module(package, "cross_entropy")
    z = np.array([2.0, 1.0, 0.5])
    np.testing.assert_array_equal(m.value(z, 1), m.value(z[None], [1]))
    np.testing.assert_array_equal(m.grad(z, 1), m.grad(z[None], [1])[0])
    assert np.shape(m.value(z, 1, reduction="none")) == ()


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_extreme_logits_are_finite_where_mathematics_is(package: ModuleType, name: str, dtype: str) -> None:
    m = module(package, name)
    huge = 6e4 if dtype == "float16" else 1e30
    z = np.array([[1000, -1000, 0], [huge, 0, -huge], [-np.inf, 0, 1], [0, 0, -np.inf], [huge, huge, huge]], dtype)
    loss, gradient = m.value_and_grad(z, [0, 0, 1, 0, 2], reduction="none")
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[2, 0], 0)
    masked, gradient = m.value_and_grad(z[2:3], [0], reduction="none")
    assert masked[0] == np.inf
    assert np.isfinite(gradient).all()


def test_a_masked_class_without_target_costs_nothing(package: ModuleType) -> None:
    z, y = np.array([[-np.inf, 0.0, 1.0]]), np.array([[0.0, 0.5, 0.5]])
    loss, gradient = module(package, "cross_entropy").value_and_grad(z, y)
    assert np.isfinite(loss)
    np.testing.assert_allclose(gradient[0], [0, 1 / (1 + np.e) - 0.5, np.e / (1 + np.e) - 0.5])


def test_nan_in_an_ignored_row_reaches_nothing(package: ModuleType) -> None:
    m = module(package, "cross_entropy")
    z = np.array([[np.nan, np.inf, 0.0], [1.0, 2.0, 3.0]])
    for eps in (0.0, 0.1):
        loss, gradient = m.value_and_grad(z, [-100, 1], weight=[1.0, 2.0, 3.0], label_smoothing=eps)
        alone, row = m.value_and_grad(z[1:], [1], weight=[1.0, 2.0, 3.0], label_smoothing=eps)
        assert loss == alone
        np.testing.assert_array_equal(gradient, [[0, 0, 0], row[0]])
        np.testing.assert_array_equal(m.hvp(z, [-100, 1], np.ones_like(z), label_smoothing=eps)[0], 0)
    other, _ = m.value_and_grad(z, [1, 1], reduction="none")
    assert np.isnan(other[0])
    assert np.isfinite(other[1])


def test_nothing_to_average_is_nan_and_its_gradient_zero(package: ModuleType) -> None:
    m, z = module(package, "cross_entropy"), np.ones((2, 3), np.float32)
    loss, gradient = m.value_and_grad(z, [-100, -100])
    assert np.isnan(loss)
    np.testing.assert_array_equal(gradient, 0)
    assert m.value(z, [-100, -100], reduction="sum") == 0
    assert np.isnan(m.value(z[:0], np.zeros(0, int)))
    assert m.value(z[:0], np.zeros(0, int), reduction="sum") == 0
    assert m.grad(z[:0], np.zeros(0, int)).shape == (0, 3)


def test_more_rows_than_a_block_holds(package: ModuleType) -> None:
    m, rng = module(package, "cross_entropy"), np.random.default_rng(2)
    z, y = rng.normal(size=(3000, 64)), rng.integers(0, 64, 3000)
    loss, gradient = m.value_and_grad(z, y)
    parts = [m.value_and_grad(z[i : i + 100], y[i : i + 100], normalizer=3000) for i in range(0, 3000, 100)]
    np.testing.assert_allclose(loss, sum(p[0] for p in parts), rtol=1e-13)
    np.testing.assert_array_equal(gradient, np.concatenate([p[1] for p in parts]))


Z, Y, Q = np.zeros((2, 3)), np.array([0, 1]), np.full((2, 3), 1 / 3)


@pytest.mark.parametrize(
    ("name", "args", "options", "error", "text"),
    [
        ("cross_entropy", (np.zeros((2, 3), int), Y), {}, TypeError, r"logits: dtype int64; allowed: float16"),
        ("cross_entropy", (Z, np.array([0, 3])), {}, ValueError, r"target: class 3 at position \(1,\); .* 0 to 2"),
        ("cross_entropy", (Z, np.array([-1, 0])), {}, ValueError, r"target: class -1 at position \(0,\)"),
        ("cross_entropy", (Z, np.array([0])), {}, ValueError, r"target: integers of shape \(1,\); .* shape \(2,\)"),
        ("cross_entropy", (Z, np.eye(3, dtype=int)[Y]), {}, ValueError, r"one-hot integers with astype"),
        ("cross_entropy", (Z, Q[:1]), {}, ValueError, r"target: shape \(1, 3\); allowed: \(2, 3\)"),
        ("cross_entropy", (Z, np.ones((2, 3), bool)), {}, TypeError, r"target: dtype bool; allowed: a float"),
        ("cross_entropy", (Z, Y), {"label_smoothing": 1.5}, ValueError, r"label_smoothing: 1.5; allowed: .* 0 to 1"),
        ("cross_entropy", (Z, Y), {"label_smoothing": float("nan")}, ValueError, r"label_smoothing: nan"),
        ("cross_entropy", (Z, Y), {"reduction": "avg"}, ValueError, r"reduction: 'avg'; allowed: \"mean\""),
        ("cross_entropy", (Z, Y), {"weight": np.ones(2)}, ValueError, r"weight: shape \(2,\); .* shape \(3,\)"),
        ("cross_entropy", (Z, Y), {"weight": ["a", "b", "c"]}, TypeError, r"weight: dtype <U1"),
        ("cross_entropy", (Z, Y), {"normalizer": 0}, ValueError, r"normalizer: 0.0; allowed: positive"),
        ("cross_entropy", (Z, Y), {"normalizer": "all"}, TypeError, r"normalizer: 'all'; allowed: a number"),
        ("cross_entropy", (Z, Y), {"axis": 2}, ValueError, r"axis: 2; allowed: an axis"),
        ("cross_entropy", (np.zeros((2, 0)), Y), {}, ValueError, r"axis: -1; allowed: an axis of K >= 1"),
        ("cross_entropy", (Z, Y), {"cotangent": np.ones(2)}, ValueError, r"cotangent: only for reduction=\"none\""),
        ("cross_entropy", (Z, Y), {"cotangent": np.ones(3), "reduction": "none"}, ValueError, r"cotangent: shape"),
        ("focal", (Z, Q), {}, TypeError, r"target: dtype float64; allowed: integers"),
        ("focal", (Z, np.eye(3, dtype=int)[Y]), {}, ValueError, r"for one-hot integers, pass their argmax"),
        ("focal", (Z, Y), {"gamma": -1}, ValueError, r"gamma: -1.0; allowed: nonnegative numbers"),
        ("focal", (Z, Y), {"gamma": [1, 2]}, TypeError, r"gamma: \[1, 2\]; allowed: a number"),
        ("focal", (Z, Y), {"alpha": [1.0, -1.0, 1.0]}, ValueError, r"alpha: -1.0 at position \(1,\); "),
        ("focal", (Z, Y), {"label_smoothing": 0.1}, TypeError, r"unexpected keyword"),
        ("temperature", (Z, Y), {}, TypeError, r"missing 1 required keyword-only argument: 'T'"),
        ("temperature", (Z, Y), {"T": 0}, ValueError, r"T: 0.0; allowed: positive numbers"),
        ("binary_cross_entropy", (Z, np.ones((2, 3), int)), {}, TypeError, r"target: dtype int64; allowed: a float"),
        ("entropy", (Z, Y), {}, TypeError, r"positional argument"),
        ("taught", (Z,), {"factor": 1, "teacher": Q[:1]}, ValueError, r"teacher: shape \(1, 3\); allowed: \(2, 3\)"),
        ("taught", (Z,), {"factor": 1, "teacher": -Q}, ValueError, r"teacher: -0.3.* at position \(0, 0\);"),
    ],
)  # fmt: skip
def test_errors_name_argument_value_and_remedy(
    package: ModuleType, name: str, args: tuple[Any, ...], options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        module(package, name).grad(*args, **options)


def test_none_stands_for_the_default(package: ModuleType) -> None:
    m = module(package, "taught")
    np.testing.assert_array_equal(m.value(Z, factor=1.0), m.value(Z, factor=np.ones(3), teacher=np.full((2, 3), 0.25)))
    m = module(package, "focal")
    np.testing.assert_array_equal(m.value(Z, Y, gamma=None, alpha=None), m.value(Z, Y))


def test_a_module_needs_numpy_alone(package: ModuleType, tmp_path: Any) -> None:
    """The file, copied into an empty folder, runs where nothing of symce, SymPy or torch is loaded."""
    file = tmp_path / "copied.py"
    shutil.copy(module(package, "cross_entropy").__file__, file)
    code = (
        "import sys, numpy\nbefore = set(sys.modules)\nimport copied\n"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before}\n"
        "assert new <= {'copied', 'numpy', '__future__'}, new\n"
        "print(copied.value(numpy.zeros((1, 2)), [0]))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert float(run.stdout) == np.log(2)


def test_the_package_imports_a_loss_when_asked(package: ModuleType) -> None:
    losses = importlib.import_module(f"{package.__name__}.numpy")
    assert losses.focal is module(package, "focal")
    assert dir(losses) == sorted(BY_NAME)
    with pytest.raises(AttributeError, match=r"no loss 'focall'; it has: .*focal"):
        losses.focall  # noqa: B018


def test_a_class_of_weight_zero_counts_for_nothing(package: ModuleType) -> None:
    m, z = module(package, "cross_entropy"), np.array([[-np.inf, 0.0], [1.0, 2.0]])
    assert m.value(z, [0, 1], weight=[0.0, 1.0]) == m.value(z[1:], [1])
    loss, gradient = m.value_and_grad(z, [0, 0], weight=[0.0, 1.0])
    assert np.isnan(loss)
    np.testing.assert_array_equal(gradient, 0)

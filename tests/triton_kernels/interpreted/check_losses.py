"""Every loss, and every option, in Triton's interpreter, against the NumPy kernels and the exact results."""

from __future__ import annotations

import dataclasses
import itertools

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from triton_kernels.interpreted.calls import (
    GENERATED,
    LOSSES,
    Peer,
    call,
    exact,
    in_blocks,
    module,
    numpy_kernel,
    wrong,
)

from symce.verify.accuracy import Plan, measure
from symce.verify.case import Case, draw

DTYPES = ("float64", "float32")


def cases(name: str, **more):
    """One call a form of the target, of ordinary rows."""
    for form in numpy_kernel(name).forms:
        rng = np.random.default_rng([len(name), form == "dense"])
        options = {"size": 7, "batch": (2,), "form": form, "reduction": "none", **more}
        yield draw(LOSSES[name], rng, **options)


@pytest.mark.parametrize("block", [None, 4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss(name, dtype, block):
    with in_blocks(block):
        assert [line for case in cases(name, dtype=dtype) for line in wrong(name, case)] == []


@pytest.mark.parametrize(
    ("name", "block"),
    [("cross_entropy", None), ("cross_entropy", 2), ("weighted_cross_entropy", 2), ("sigmoid_focal", None)],
)
def test_the_product_of_the_options(name, block):
    """Weights, smoothing, ignored rows that hold NaN or infinities, reductions and normalizers, in all combinations."""
    kernel, found, met = numpy_kernel(name), [], 0
    smoothing = (False, True) if kernel.accepts("label_smoothing") else (False,)
    product = itertools.product(kernel.forms, ("mean", "sum", "none"), (False, True), smoothing, (False, True))
    for n, (form, reduction, weight, smooth, normal) in enumerate(product):
        if normal and reduction != "mean":
            continue
        rng = np.random.default_rng([n, 5])
        kept = "some" if form == "index" else "all"
        words = {"form": form, "reduction": reduction, "weight": weight, "smooth": smooth, "normal": normal}
        case = draw(LOSSES[name], rng, size=3, batch=(2,), dtype=DTYPES[n % 2], kept=kept, **words)
        with in_blocks(block):
            found += wrong(name, case)
        met += 1
    assert found == []
    assert met >= 8


@pytest.mark.parametrize("kept", ["none", "some"])
@pytest.mark.parametrize("on_empty", ["nan", "zero"])
def test_a_mean_of_few_or_of_none(kept, on_empty):
    for name in ("cross_entropy", "focal"):
        case = draw(
            LOSSES[name], np.random.default_rng(4), size=3, batch=(2,), dtype="float64", form="index",
            reduction="mean", kept=kept, on_empty=on_empty,
        )  # fmt: skip
        assert wrong(name, case) == []
        if kept == "none":
            found = call(name, case)
            assert np.isnan(found["value"]) if on_empty == "nan" else found["value"] == 0
            assert (found["gradient"] == 0).all()


def special(name: str, rows: list[list[float]], infinite: str, form: str) -> Case:
    z = np.array(rows)
    base = draw(
        LOSSES[name], np.random.default_rng(8), size=z.shape[1], batch=(len(z),), dtype="float64", form=form,
        reduction="none",
    )  # fmt: skip
    target = base.target
    if form == "dense":
        target = np.where(np.isfinite(z), 0.5, 0)  # 0 log 0 = 0
    return dataclasses.replace(base, logits=z, target=target, infinite=infinite)


@pytest.mark.parametrize("block", [None, 2])
@pytest.mark.parametrize("infinite", ["nan", "limit"])
@pytest.mark.parametrize(("name", "form"), [("cross_entropy", "index"), ("cross_entropy", "dense"), ("focal", "index")])
def test_infinities_and_nan(name, form, infinite, block):
    inf, nan = np.inf, np.nan
    rows = [
        [0.5, -inf, 2.0],
        [-inf, -inf, 1.0],
        [-inf, -inf, -inf],
        [inf, 1.0, 2.0],
        [1.0, inf, -inf],
        [inf, inf, 0.0],
        [nan, 1.0, 2.0],
        [1.0, inf, nan],
        [3e300, -3e300, 1.0],
        [1.0, 1.0, 1.0],
    ]
    with in_blocks(block):
        assert wrong(name, special(name, rows, infinite, form)) == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_half_precision_is_computed_in_float32(dtype, reduction):
    """The loss is rounded once; a gradient is off by no more than the two roundings of what it is the product of."""
    for form in ("index", "dense"):
        rng = np.random.default_rng(2)
        words = {"form": form, "reduction": reduction, "weight": True, "smooth": form == "dense"}
        case = draw(LOSSES["cross_entropy"], rng, size=5, batch=(3,), dtype=dtype, **words)
        assert wrong("cross_entropy", case, ulps=1.01) == []


def test_wide_precision_computes_in_float64():
    case = draw(
        LOSSES["cross_entropy"], np.random.default_rng(2), size=5, batch=(2,), dtype="float32", form="index",
        reduction="none", precision="wide",
    )  # fmt: skip
    assert wrong("cross_entropy", case, ulps=1.01) == []


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (1, 2, 2), (0,)])
def test_shapes(shape):
    for name, form in (("cross_entropy", "index"), ("distillation", "none"), ("bce_with_logits", "dense")):
        for reduction in ("none", "mean"):
            case = draw(
                LOSSES[name], np.random.default_rng(6), size=3, batch=shape, dtype="float64", form=form,
                reduction=reduction,
            )  # fmt: skip
            assert wrong(name, case) == []


def test_inputs_that_lie_across():
    """A transposed input, and one of channels last: the gradient is that of the same numbers, wherever they lie."""
    z = torch.randn(3, 2, dtype=torch.float64).T.requires_grad_()
    y = torch.tensor([1, 2])
    loss = module("cross_entropy").cross_entropy(z, y)
    (gradient,) = torch.autograd.grad(loss, z)
    torch.testing.assert_close(gradient, (z.softmax(1) - torch.eye(3)[y]).detach() / 2)


def test_one_class_alone():
    case = draw(
        LOSSES["cross_entropy"], np.random.default_rng(6), size=1, batch=(2,), dtype="float64", form="index",
        reduction="none",
    )  # fmt: skip
    assert wrong("cross_entropy", case) == []


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    size=st.integers(1, 40),
    block=st.sampled_from([None, 1, 2, 8, 64]),
    form=st.sampled_from(["index", "dense"]),
    seed=st.integers(0, 2**16),
    scale=st.sampled_from([0.1, 5.0, 300.0]),
)
def test_rows_of_any_size_in_blocks_of_any_size(size, block, form, seed, scale):
    rng = np.random.default_rng(seed)
    case = draw(LOSSES["cross_entropy"], rng, size=size, batch=(1,), dtype="float64", form=form, reduction="none")
    z = rng.normal(size=(1, size)) * scale
    z[:, rng.random(size) < 0.2] = -np.inf
    if form == "index":
        z[0, case.target[0]] = 1.0
        target = case.target
    else:
        z[0, -1] = 0.5
        target = np.where(np.isfinite(z), case.target, 0)
    with in_blocks(block):
        assert wrong("cross_entropy", dataclasses.replace(case, logits=z, target=target)) == []


def test_a_temperature_keeps_its_digits():
    """0.1 is no number of float32, as which it would cost 3e-7; nor is 2 / 0.1 one of float64."""
    z, y = torch.tensor([[1.0, 2.0, 4.0]], dtype=torch.float64), torch.tensor([2])
    loss = module("info_nce").info_nce(z, y, T=0.1).item()
    with mp.workdps(40):
        right = float(mp.log1p(mp.exp(-2 / mp.mpf(0.1)) + mp.exp(-3 / mp.mpf(0.1))))
    assert abs(loss - right) <= 4e-16 * right


@pytest.mark.parametrize("block", [None, 4])
@pytest.mark.parametrize(("name", "ulps"), [("cross_entropy", 4), ("focal", 9)])
def test_the_exact_results_in_ulps(name, ulps, block):
    """Against the oracle of symce.verify, which evaluates the statement at as many digits as it takes."""
    plan = Plan(targets=(), dtypes=("float32", "float64"), sizes=(10,), forms=("index",), regimes=("ordinary",))
    with in_blocks(block):
        report = measure(LOSSES[name], GENERATED, dataclasses.replace(plan, targets=("numpy",)), [Peer(LOSSES[name])])
    found = [figure for figure in report.figures if figure.key.by == "triton"]
    assert {"value", "gradient, true class", "gradient, others"} <= {figure.key.quantity for figure in found}
    assert max(figure.of_terms for figure in found) <= ulps
    assert not any(figure.nans + figure.infinities + figure.zeros + figure.wrong_numbers for figure in found)


def test_the_gradient_meets_the_cotangent_of_its_loss():
    z = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0, 3, 4])
    loss = module("cross_entropy").cross_entropy(z, y)
    (once,) = torch.autograd.grad(loss, z, retain_graph=True)
    (twice,) = torch.autograd.grad(-2.5 * loss, z, retain_graph=True)
    (again,) = torch.autograd.grad(loss, z)
    torch.testing.assert_close(twice, -2.5 * once, rtol=1e-15, atol=0)
    assert torch.equal(once, again)
    scaled = module("cross_entropy").cross_entropy(z, y) * 3
    torch.testing.assert_close(torch.autograd.grad(scaled, z)[0], 3 * once, rtol=1e-15, atol=0)


def test_a_second_derivative_is_refused():
    z = torch.randn(1, 3, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(module("cross_entropy").cross_entropy(z, torch.tensor([0])), z, create_graph=True)
    with pytest.raises(RuntimeError, match=r"once_differentiable|does not require grad"):
        torch.autograd.grad(g.sum(), z)


def test_no_argument_is_written_to():
    z = torch.randn(2, 3, requires_grad=True)
    y, w = torch.tensor([0, 2]), torch.tensor([1.0, 2.0, 3.0])
    before = z.detach().clone(), y.clone(), w.clone()
    (3 * module("cross_entropy").cross_entropy(z, y, weight=w)).backward()
    for a, b in zip((z.detach(), y, w), before, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("error", "message", "given"),
    [
        (TypeError, "input: dtype torch.int64", {"input": torch.ones(2, 3, dtype=torch.int64)}),
        (ValueError, "input: shape", {"input": torch.tensor(1.0)}),
        (ValueError, "target: class 3 at position", {"target": torch.tensor([0, 3])}),
        (ValueError, "target: integers of shape", {"target": torch.tensor([0])}),
        (ValueError, "target: shape", {"target": torch.ones(2, 2)}),
        (TypeError, "target: dtype torch.bool", {"target": torch.tensor([True, False])}),
        (ValueError, "weight: shape", {"weight": torch.ones(2)}),
        (ValueError, "weight: nan at position", {"weight": torch.tensor([1, float("nan"), 1])}),
        (ValueError, "weight: it requires grad", {"weight": torch.ones(3, requires_grad=True)}),
        (ValueError, "target: it requires grad", {"target": torch.ones(2, 3, requires_grad=True)}),
        (ValueError, "label_smoothing: 1.5; allowed", {"label_smoothing": 1.5}),
        (ValueError, "reduction: 'avg'", {"reduction": "avg"}),
        (ValueError, "on_empty: 'no'", {"on_empty": "no"}),
        (ValueError, "infinite: 'no'", {"infinite": "no"}),
        (ValueError, "precision: 'no'", {"precision": "no"}),
        (ValueError, "normalizer: 0", {"normalizer": 0}),
    ],
)
def test_what_is_refused(error, message, given):
    arguments = {"input": torch.zeros(2, 3), "target": torch.tensor([0, 1]), **given}
    with pytest.raises(error, match=message):
        module("cross_entropy").cross_entropy(**arguments)


def test_a_wrong_gradient_is_found():
    """The comparison of this file can fail."""
    case = next(cases("cross_entropy", dtype="float64"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "triton_kernels.interpreted.calls.exact",
            lambda name, case: {n: a * (1 + 1e-13) for n, a in exact(name, case).items()},
        )
        assert len(wrong("cross_entropy", case)) == 2

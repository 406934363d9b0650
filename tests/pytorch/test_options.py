"""What PyTorch's databases lack: options in full product, -inf logits, nothing that counts, targets that are learnt."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch.compare import FUNCTIONAL, F, agree, outcome, without_pytorchs
from torch import Tensor

REDUCTIONS = ("mean", "sum", "none")
SHAPES = [(4,), (6, 4), (3, 4, 2), (2, 4, 2, 2)]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def indices(shape: tuple[int, ...], ignored: int, every: int = 3) -> Tensor:
    """Class indices for logits of a shape, every third of them ignored."""
    batch = shape[:1] * (len(shape) > 1) + shape[2:]
    y = torch.randint(0, 4, batch, generator=torch.Generator().manual_seed(1))
    if y.dim() and ignored not in range(4):
        y.view(-1)[::every] = ignored
    return y


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("soft", [False, True])
def test_every_combination_of_options(shape: tuple[int, ...], soft: bool) -> None:
    weights = (None, normal(4, seed=2).abs(), torch.tensor([0.0, 1, 0, 2], dtype=torch.float64))
    for weight, eps, ignored, reduction in itertools.product(weights, (0.0, 0.1, 1.0), (-100, -1, 2), REDUCTIONS):
        z = (3 * normal(*shape)).requires_grad_()
        if soft:
            if ignored >= 0:
                continue  # which PyTorch refuses
            target = normal(*shape, seed=3).exp().requires_grad_()  # no distribution
        else:
            target = indices(shape, ignored)
        options: dict[str, Any] = {"ignore_index": ignored, "label_smoothing": eps, "reduction": reduction}
        expected = outcome(F.cross_entropy, (z, target, weight), options, second=True)
        if not soft and reduction == "mean" and weight is not None and expected[0].isnan():
            expected[1:] = [torch.zeros_like(a) for a in expected[1:]]  # a mean over nothing: our gradient is always 0
        with without_pytorchs("cross_entropy"):
            agree(outcome(FUNCTIONAL.cross_entropy, (z, target, weight), options, second=True), expected, rtol=1e-10)
        if not soft and not eps:
            options.pop("label_smoothing")
            log_p = F.log_softmax(z.detach(), min(1, z.dim() - 1)).requires_grad_()
            with without_pytorchs("nll_loss"):
                found = outcome(FUNCTIONAL.nll_loss, (log_p, target, weight), options)
            expected = outcome(F.nll_loss, (log_p, target, weight), options)
            if expected[0].dim() == 0 and expected[0].isnan():
                expected[1:] = [torch.zeros_like(a) for a in expected[1:]]
            agree(found, expected)


@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_masked_classes(eps: float, reduction: str) -> None:
    inf = torch.inf
    z = torch.tensor([[0, -inf, 1.0], [-inf, 2, -inf], [1, 2, 3]], dtype=torch.float64, requires_grad=True)
    for classes in itertools.product(range(3), repeat=3):
        args, options = (z, torch.tensor(classes)), {"label_smoothing": eps, "reduction": reduction}
        expected = outcome(F.cross_entropy, args, options)
        if eps:  # the smoothed target is on a masked class: the loss is infinite, PyTorch's gradient NaN
            assert outcome(FUNCTIONAL.cross_entropy, args, options)[0].isinf().any()
        else:
            agree(outcome(FUNCTIONAL.cross_entropy, args, options), expected)
    # 0 log 0 is 0: PyTorch has NaN
    target = torch.tensor([[0.5, 0, 0.5], [0, 1, 0], [0.2, 0.3, 0.5]], dtype=torch.float64)
    loss, gradient = outcome(FUNCTIONAL.cross_entropy, (z, target), {"reduction": reduction})
    assert F.cross_entropy(z, target).isnan()
    assert loss.isfinite().all()
    kept = z.detach().masked_fill(z.isinf(), -1e5).requires_grad_()
    agree([loss, gradient], outcome(F.cross_entropy, (kept, target), {"reduction": reduction}))


@pytest.mark.parametrize("bad", [torch.inf, torch.nan])
def test_rows_that_are_not_numbers_are_nan_as_in_pytorch(bad: float) -> None:
    z = torch.tensor([[0, bad, 1.0], [-torch.inf] * 3, [1, 2, 3]], dtype=torch.float64, requires_grad=True)
    args = (z, torch.tensor([0, 1, 2]))
    agree(outcome(FUNCTIONAL.cross_entropy, args, {}), outcome(F.cross_entropy, args, {}))
    for name in ("softmax", "log_softmax"):
        agree(outcome(getattr(FUNCTIONAL, name), (z, 1), {}), outcome(getattr(F, name), (z, 1), {}))


@pytest.mark.parametrize("eps", [0.0, 0.3])
@pytest.mark.parametrize("weight", [None, torch.rand(4, dtype=torch.float64)])
def test_nothing_that_counts(eps: float, weight: Tensor | None) -> None:
    z, y = normal(5, 4).requires_grad_(), torch.full((5,), -100)
    for reduction, value in zip(REDUCTIONS, (torch.tensor(torch.nan), torch.tensor(0.0), torch.zeros(5)), strict=True):
        options: dict[str, Any] = {"label_smoothing": eps, "reduction": reduction}
        found = outcome(FUNCTIONAL.cross_entropy, (z, y, weight), options)
        agree(found, [value.double(), torch.zeros_like(z)])
        agree(found[:1], outcome(F.cross_entropy, (z, y, weight), options)[:1])
    assert FUNCTIONAL.cross_entropy(z, y, weight, on_empty="zero") == 0


def test_a_target_gets_its_gradient_and_leaves_the_loss_as_it_is() -> None:
    z, p = normal(5, 4).requires_grad_(), normal(5, 4, seed=1).softmax(1)
    learnt = p.clone().requires_grad_()
    for name in ("cross_entropy", "binary_cross_entropy_with_logits"):
        plain, both = (outcome(getattr(FUNCTIONAL, name), (z, t), {}) for t in (p, learnt))
        assert all(torch.equal(a, b) for a, b in zip(plain, both[:2], strict=True))
    # the derivative with respect to a class that is impossible is infinite, and the loss is not
    masked = torch.tensor([[0.0, -torch.inf, 1.0]], dtype=torch.float64)
    target = torch.tensor([[0.5, 0.0, 0.5]], dtype=torch.float64, requires_grad=True)
    loss = FUNCTIONAL.cross_entropy(masked, target)
    assert loss.isfinite()
    assert torch.autograd.grad(loss, target)[0][0, 1] == torch.inf


def test_the_target_of_kl_div_at_zero() -> None:
    x = torch.full((3,), -1.0, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64, requires_grad=True)
    found = outcome(FUNCTIONAL.kl_div, (x, y), {"reduction": "sum"})
    right = outcome(F.kl_div, (x, y), {"reduction": "sum"})
    agree([found[0], found[1], found[2][1:]], [right[0], right[1], right[2][1:]])
    assert right[2][0].isnan()
    assert found[2][0].isinf()  # log 0, the derivative from above
    masked = torch.tensor([-torch.inf, -torch.inf], dtype=torch.float64)
    values = FUNCTIONAL.kl_div(masked, torch.tensor([0.0, 0.5], dtype=torch.float64), reduction="none")
    assert values.tolist() == [0.0, torch.inf]  # 0 log 0 = 0: PyTorch has NaN there


@settings(max_examples=60)
@given(data=st.data())
def test_binary_cross_entropy_weighted(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(), (3,), (2, 3), (2, 3, 4), (0, 3)]))
    z = (4 * normal(*shape, seed=data.draw(st.integers(0, 99)))).requires_grad_()
    y = torch.sigmoid(normal(*shape, seed=1)).requires_grad_(data.draw(st.booleans()))

    def weight() -> Tensor | None:
        sizes = [data.draw(st.sampled_from([1, n])) for n in shape[data.draw(st.integers(0, len(shape))) :]]
        return data.draw(st.sampled_from([None, normal(*sizes, seed=2).abs()]))

    options = {"weight": weight(), "pos_weight": weight(), "reduction": data.draw(st.sampled_from(REDUCTIONS))}
    with without_pytorchs("binary_cross_entropy_with_logits"):
        found = outcome(FUNCTIONAL.binary_cross_entropy_with_logits, (z, y), options, second=True)
    right = outcome(F.binary_cross_entropy_with_logits, (z, y), options, second=True)
    agree(found, right, rtol=1e-11)


@settings(max_examples=60)
@given(data=st.data())
def test_kl_div(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(3,), (2, 3), (2, 3, 4)]))
    part = shape[data.draw(st.integers(0, len(shape) - 1)) :]
    shapes = data.draw(st.permutations([shape, part]))
    x = normal(*shapes[0], seed=data.draw(st.integers(0, 99))).requires_grad_(data.draw(st.booleans()))
    log = data.draw(st.booleans())
    y = normal(*shapes[1], seed=1)
    y = (y if log else y.exp()).requires_grad_(data.draw(st.booleans()))
    options = {"log_target": log, "reduction": data.draw(st.sampled_from([*REDUCTIONS, "batchmean"]))}
    with without_pytorchs("kl_div"):
        found = outcome(FUNCTIONAL.kl_div, (x, y), options, second=True)
    agree(found, outcome(F.kl_div, (x, y), options, second=True), rtol=1e-11)

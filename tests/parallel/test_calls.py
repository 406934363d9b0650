"""Calls by one process alone: what is refused and how, dtypes, and the order that the largest logit is found by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.distributed as dist
from hypothesis import given
from hypothesis import strategies as st

from symce_kernels.torch.parallel import Shards, cross_entropy, distillation, focal, label_smoothing
from symce_kernels.torch.parallel._shards import _of_order, _order


@pytest.fixture(scope="module", autouse=True)
def _one_process() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


LOGITS = torch.zeros(3, 4)
TARGET = torch.tensor([0, 1, 3])


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "shards: None; allowed: Shards(input.shape[1], group)", lambda s: cross_entropy(LOGITS, TARGET)),
        (TypeError, "shards: 4; allowed", lambda s: cross_entropy(LOGITS, TARGET, 4)),
        (ValueError, "with K = 4, the size of this process", lambda s: cross_entropy(torch.zeros(3, 5), TARGET, s)),
        (TypeError, "input: dtype torch.int64", lambda s: cross_entropy(LOGITS.long(), TARGET, s)),
        (ValueError, "target: class 9 at position (2,); allowed: 0 to 3, of all processes, or ignore_index = -100",
         lambda s: cross_entropy(LOGITS, torch.tensor([0, 1, 9]), s)),
        (ValueError, "allowed: class indices of shape (3,)", lambda s: cross_entropy(LOGITS, TARGET[:2], s)),
        (ValueError, "target: shape (3, 3); allowed: (3, 4)", lambda s: cross_entropy(LOGITS, torch.zeros(3, 3), s)),
        (ValueError, "one a class of all processes, (4,)",
         lambda s: cross_entropy(LOGITS, TARGET, s, weight=torch.ones(3))),
        (ValueError, "reduction: 'avg'", lambda s: cross_entropy(LOGITS, TARGET, s, reduction="avg")),
        (ValueError, "infinite: 'x'", lambda s: cross_entropy(LOGITS, TARGET, s, infinite="x")),
        (ValueError, "gamma: -1.0; allowed: nonnegative", lambda s: focal(LOGITS, TARGET, s, gamma=-1.0)),
        (ValueError, "t: shape (3,)", lambda s: distillation(LOGITS, s, t=torch.zeros(3), T=1.0)),
        (ValueError, "K = 1 classes; allowed: at least 2",
         lambda s: label_smoothing(torch.zeros(3, 1), torch.zeros(3).long(), Shards(1))),
        (ValueError, "target: it requires grad",
         lambda s: cross_entropy(LOGITS, torch.rand(3, 4, requires_grad=True), s)),
        (ValueError, "size: -1; allowed", lambda s: Shards(-1)),
        (ValueError, "size: 2.0; allowed", lambda s: Shards(2.0)),
        (ValueError, "at least one in all", lambda s: Shards(0)),
        (ValueError, "sizes: 2 numbers; allowed: 1", lambda s: Shards.of_sizes([1, 2])),
    ],
)  # fmt: skip
def test_what_is_refused(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call(Shards(4))


def test_shards_say_what_they_are() -> None:
    assert repr(Shards(4)) == "Shards(classes 0 to 3 of 4, sizes=(4,))"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_dtypes(dtype: torch.dtype) -> None:
    logits = torch.randn(3, 4, dtype=dtype, requires_grad=True)
    loss = cross_entropy(logits, TARGET, Shards(4))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert (loss.dtype, gradient.dtype) == (dtype, dtype)


def test_autocast_gives_float32() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert cross_entropy(LOGITS.bfloat16(), TARGET, Shards(4)).dtype == torch.float32


def test_arguments_stay_as_they_are_and_there_may_be_no_rows() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    kept = logits.detach().clone()
    cross_entropy(logits, TARGET, Shards(4), reduction="sum").backward()
    assert torch.equal(logits.detach(), kept)
    empty = torch.zeros(0, 4, requires_grad=True)
    assert cross_entropy(empty, TARGET[:0], Shards(4), reduction="sum") == 0
    assert cross_entropy(empty, TARGET[:0], Shards(4), reduction="none").shape == (0,)


def test_one_sample_without_a_batch() -> None:
    logits = torch.randn(4, dtype=torch.float64)
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(2))
    torch.testing.assert_close(cross_entropy(logits, torch.tensor(2), Shards(4)), expected)


def test_a_third_derivative_is_refused() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    (first,) = torch.autograd.grad(cross_entropy(logits, TARGET, Shards(4)), logits, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), logits, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        second.sum().backward()


def test_gradients_by_differences() -> None:
    logits = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    shards = Shards(4)

    def loss(z: torch.Tensor) -> torch.Tensor:
        return cross_entropy(z, TARGET[:2], shards, label_smoothing=0.1).square()

    assert torch.autograd.gradcheck(loss, logits)
    assert torch.autograd.gradgradcheck(loss, logits)


@pytest.mark.parametrize("single", [False, True])
@given(data=st.data())
def test_the_order_of_floats_is_that_of_their_integers(single: bool, data: st.DataObject) -> None:
    floats = st.floats(width=32) if single else st.floats()
    drawn = data.draw(st.lists(floats, min_size=2, max_size=8))
    values = torch.tensor(drawn, dtype=torch.float32 if single else torch.float64)
    order = _order(values)
    back = _of_order(order, single)
    assert torch.equal(back.nan_to_num(3.0), values.nan_to_num(3.0))
    assert torch.argmax(order) == torch.argmax(values)
    assert torch.equal(order[1:] > order[:-1], (values[1:] > values[:-1]) | (values[1:].isnan() & ~values[:-1].isnan()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_logits_and_a_few_numbers_a_row_are_kept(dtype: torch.dtype) -> None:
    kept: list[torch.Tensor] = []
    logits = torch.randn(8, 1000).to(dtype).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        cross_entropy(logits, torch.arange(8), Shards(1000))
    distinct = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in kept}
    assert sum(distinct.values()) <= logits.nbytes + 8 * 100

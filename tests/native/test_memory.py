"""Memory of gradients that is kept for the next one: reused when nobody looks at it any more, never before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import torch

import symce_kernels.torch
from symce_kernels.torch import _memory, cross_entropy

ROWS = (1024, 1000)  # 4 MB in float32


@pytest.fixture(autouse=True)
def memory() -> Iterator[ModuleType]:
    _memory.empty_cache()
    yield _memory
    _memory.empty_cache()


def gradient(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = z.detach().requires_grad_()
    cross_entropy(z, y).backward()
    assert z.grad is not None
    return z.grad


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(ROWS, generator=random), torch.randint(ROWS[1], ROWS[:1], generator=random)


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16, torch.float, torch.double])
def test_it_is_of_the_shape_and_dtype_and_begins_at_a_line(dtype: torch.dtype) -> None:
    tensor = _memory.empty((2048, 999), dtype)
    assert (tensor.shape, tensor.dtype, tensor.is_contiguous()) == ((2048, 999), dtype, True)
    assert tensor.data_ptr() % 64 == 0
    assert not tensor.requires_grad


def test_a_gradient_that_is_gone_leaves_its_memory_to_the_next() -> None:
    z, y = batch()
    first = gradient(z, y)
    place, expected = first.data_ptr(), first.clone()
    del first
    second = gradient(z, y)
    assert second.data_ptr() == place
    assert torch.equal(second, expected)


HOLDERS: dict[str, Callable[[torch.Tensor], Any]] = {
    "tensor": lambda a: a,
    "view": lambda a: a.view(-1),
    "row": lambda a: a[3],
    "numpy": lambda a: a.numpy(),
    "detached": lambda a: a.detach(),
}


@pytest.mark.parametrize("hold", HOLDERS)
def test_memory_that_anybody_holds_is_not_reused(hold: str) -> None:
    first = gradient(*batch())
    place, held = first.data_ptr(), HOLDERS[hold](first)
    before = torch.as_tensor(held).clone()
    del first
    second = gradient(*batch(1))
    assert second.data_ptr() != place
    assert torch.equal(torch.as_tensor(held), before)


def test_gradients_add_up_over_steps() -> None:
    """As without it: the memory of one gradient must not turn up under the sum of two."""
    z, _ = batch()
    leaf = z.clone().requires_grad_()
    for seed in (1, 2, 3):
        cross_entropy(leaf, batch(seed)[1]).backward()
    expected = sum(gradient(z, batch(seed)[1]).clone() for seed in (1, 2, 3))
    torch.testing.assert_close(leaf.grad, expected)


def test_not_more_is_kept_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = [_memory.empty(ROWS, torch.float) for _ in range(9)]
    del tensors
    assert len(_memory._free) == _memory._MOST_BLOCKS
    monkeypatch.setattr(_memory, "_most", 5 * 2**20)
    tensor = _memory.empty(ROWS, torch.double)  # of 8 MB
    del tensor
    kept = sum(block.size for block in _memory._free.values())
    assert kept <= 4 * (4 * 2**20 + 64)
    _memory.empty_cache()
    tensors = [_memory.empty(ROWS, torch.float) for _ in range(3)]
    del tensors
    assert len(_memory._free) == 1
    monkeypatch.setattr(_memory, "_most", 0)
    symce_kernels.torch.empty_cache()
    tensor = _memory.empty(ROWS, torch.float)
    del tensor
    assert not _memory._free


def test_a_wrong_limit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMCE_KEEP_MB", "much")
    with pytest.raises(ValueError, match=r"SYMCE_KEEP_MB: 'much'; allowed: a number of megabytes"):
        _memory._most_bytes()
    monkeypatch.setenv("SYMCE_KEEP_MB", "0.5")
    assert _memory._most_bytes() == 2**19


def test_a_much_smaller_one_takes_fresh_memory() -> None:
    tensor = _memory.empty(ROWS, torch.double)
    del tensor
    kept = _memory.empty(ROWS, torch.float)
    assert len(_memory._free) == 1
    assert kept.shape == ROWS


def test_threads_never_share_a_block() -> None:
    wrong = []

    def work(number: int) -> None:
        for _ in range(200):
            tensor = _memory.empty((512, 1024), torch.float)
            tensor[0], tensor[-1] = number, number
            if not (bool((tensor[0] == number).all()) and bool((tensor[-1] == number).all())):
                wrong.append(number)
            del tensor

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(_memory._free) <= _memory._MOST_BLOCKS

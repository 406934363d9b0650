"""Forward mode and vmap beyond what every loss is asked: what is mapped over, what is refused, third derivatives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.special import torch_function
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap

# PyTorch's own forward mode compiles scripts, which it calls deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")

SHAPES = st.sampled_from([(4,), (3, 4), (2, 4, 3), (2, 2, 3, 2), (1, 1), (5, 2)])


def batch_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:1] * (len(shape) > 1) + shape[2:]


@settings(max_examples=25)
@given(shape=SHAPES, seed=st.integers(0, 99), name=st.sampled_from(["cross_entropy", "focal"]), data=st.data())
def test_forward_and_reverse_are_adjoint(shape: tuple[int, ...], seed: int, name: str, data: Any) -> None:
    """<c, J v> = <J' c, v> for random cotangents c and directions v, in one batch of vmap too."""
    loss_of, g = torch_function(name), torch.Generator().manual_seed(seed)
    K = shape[min(1, len(shape) - 1)]
    z, v = (torch.randn(3, *shape, generator=g, dtype=torch.double) for _ in range(2))
    y = torch.randint(0, K, (3, *batch_of(shape)), generator=g)
    options = {"ignore_index": data.draw(st.sampled_from([-100, 0])), "on_empty": "zero"}
    options |= {"reduction": data.draw(st.sampled_from(["none", "sum", "mean"]))}

    def f(x: Any, t: Any) -> Any:
        return loss_of(x, t, **options)

    value, tangent = vmap(lambda x, t, d: jvp(lambda a: f(a, t), (x,), (d,)))(z, y, v)
    for n in range(3):
        x = z[n].clone().requires_grad_()
        loss = f(x, y[n])
        cotangent = torch.randn(loss.shape, generator=g, dtype=torch.double)
        (gradient,) = torch.autograd.grad(loss, x, cotangent)
        torch.testing.assert_close(value[n], loss.detach())
        torch.testing.assert_close((cotangent * tangent[n]).sum(), (gradient * v[n]).sum())


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_vmap_over_weights_and_parameters(reduction: str) -> None:
    loss_of, g = torch_function("focal"), torch.Generator().manual_seed(3)
    z, y = torch.randn(4, 5, generator=g, dtype=torch.double), torch.randint(0, 5, (4,), generator=g)
    a, w = torch.rand(3, 5, generator=g, dtype=torch.double), torch.rand(3, 5, generator=g, dtype=torch.double)

    def f(alpha: Any, weight: Any) -> Any:
        return loss_of(z, y, alpha=alpha, weight=weight, reduction=reduction)

    torch.testing.assert_close(vmap(f)(a, w), torch.stack([f(a[n], w[n]) for n in range(3)]))


def test_under_vmap_ignored_rows_count_for_nothing() -> None:
    loss_of = torch_function("cross_entropy")
    z = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(4), dtype=torch.double)
    z[0, 1] = torch.nan
    y = torch.tensor([[1, -100, 2, 0], [-100] * 4, [3, 4, 0, -100]])

    def f(x: Any, t: Any) -> Any:
        return loss_of(x, t, on_empty="zero")

    losses, gradients = vmap(lambda x, t: (f(x, t), grad(f)(x, t)))(z, y)
    torch.testing.assert_close(losses, torch.stack([f(z[n], y[n]) for n in range(3)]))
    assert losses[1] == 0
    assert gradients.isfinite().all()
    assert not gradients[0, 1].any()
    assert not gradients[1].any()


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "softmax_entropy"])
def test_third_derivatives_in_every_order_of_modes(name: str) -> None:
    loss_of, y = torch_function(name), torch.tensor([1, 3])
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(5), dtype=torch.double)
    targets = () if name == "softmax_entropy" else (y,)

    def f(x: Any) -> Any:
        return loss_of(x, *targets)

    expected = jacrev(jacrev(jacrev(f)))(z)
    for found in (jacfwd(hessian(f)), jacrev(hessian(f)), jacfwd(jacfwd(jacfwd(f))), jacrev(jacfwd(jacfwd(f)))):
        torch.testing.assert_close(found(z), expected)
    assert expected.abs().max() > 1e-2


def test_the_hessian_of_cross_entropy_is_that_of_the_theorem() -> None:
    loss_of, y = torch_function("cross_entropy"), torch.tensor([2, 0])
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(6), dtype=torch.double)
    p = torch.softmax(z, 1)
    rows = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    expected = torch.zeros(2, 4, 2, 4, dtype=torch.double)
    for n in range(2):
        expected[n, :, n] = rows[n] / 2
    torch.testing.assert_close(hessian(lambda x: loss_of(x, y))(z), expected)


def test_no_tangent_but_of_the_input() -> None:
    loss_of, g = torch_function("cross_entropy"), torch.Generator().manual_seed(7)
    z, q, t = (torch.rand(3, 4, generator=g, dtype=torch.double) for _ in range(3))
    with pytest.raises(ValueError, match="target: it requires grad, but only the input"):
        jvp(lambda a: loss_of(z, a), (q,), (t,))
    with pytest.raises(ValueError, match="weight: it requires grad, but only the input"):
        jvp(lambda a: loss_of(z, q, weight=a), (q[0],), (t[0],))


def test_a_class_out_of_range_is_seen_within_grad() -> None:
    loss_of = torch_function("cross_entropy")
    z, y = torch.zeros(2, 3), torch.tensor([0, 3])
    with pytest.raises(ValueError, match=r"class 3 at position \(1,\)"):
        grad(lambda x: loss_of(x, y))(z)

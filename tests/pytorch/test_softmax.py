"""Softmax and log-softmax: digits where PyTorch loses them, derivatives of every order, and PyTorch's transforms."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytorch.compare import FUNCTIONAL, F, quiet
from torch import Tensor

from symce_kernels.torch import _native

BOTH = ("softmax", "log_softmax")


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def exact(name: str, row: list[float], v: list[float]) -> tuple[list[Any], list[Any]]:
    """The function of a row, and its transposed Jacobian times v, to 50 digits."""
    with mpmath.workdps(50):
        z = [mpmath.mpf(x) for x in row]
        mass = mpmath.fsum(mpmath.exp(x) for x in z)
        p = [mpmath.exp(x) / mass for x in z]
        if name == "softmax":
            mean = mpmath.fsum(a * b for a, b in zip(p, v, strict=True))
            return p, [a * (b - mean) for a, b in zip(p, v, strict=True)]
        total = mpmath.fsum(v)
        return [x - mpmath.log(mass) for x in z], [b - a * total for a, b in zip(p, v, strict=True)]


def ulps(found: Tensor, right: list[Any]) -> float:
    spacing = [float(torch.nextafter(a.abs(), torch.tensor(torch.inf, dtype=a.dtype)) - a.abs()) for a in found]
    errors = [float(abs(mpmath.mpf(a.item()) - b) / s) for a, b, s in zip(found, right, spacing, strict=True)]
    return max(errors, default=0.0)


@pytest.fixture(params=["compiled", "by operations"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled kernels, and PyTorch's operations in their place."""
    monkeypatch.setattr(_native, "enabled", request.param == "compiled")


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("name", BOTH)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_few_ulps_and_a_derivative_as_exact(name: str, data: st.DataObject) -> None:
    K, scale = data.draw(st.sampled_from([1, 2, 5, 30])), data.draw(st.sampled_from([0.1, 3.0, 30.0]))
    dtype = data.draw(st.sampled_from([torch.float32, torch.float64]))
    row = (scale * normal(K, seed=data.draw(st.integers(0, 999))) + data.draw(st.sampled_from([0.0, 1e4]))).to(dtype)
    v = torch.zeros(K, dtype=dtype)
    v[data.draw(st.integers(0, K - 1))] = 1.0  # one entry: its derivative is as exact as the value
    z = row.clone().requires_grad_()
    value = getattr(FUNCTIONAL, name)(z, 0)
    (gradient,) = torch.autograd.grad(value, z, v)
    right = exact(name, row.tolist(), v.tolist())
    normal_numbers = [abs(x) > 1e-30 or x == 0 for x in right[0]]
    kept = [n for n, ok in enumerate(normal_numbers) if ok]
    assert ulps(value.detach()[kept], [right[0][n] for n in kept]) <= 4
    kept = [n for n, x in enumerate(right[1]) if abs(x) > 1e-30]
    assert not kept or ulps(gradient[kept], [right[1][n] for n in kept]) <= 8


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_kernels_agree_with_the_operations(
    name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both layouts of rows, with special values, and whatever the strides and the dimension."""
    served: list[bool] = []
    rows = _native.rows

    def watched(*given: Any) -> Any:
        found = rows(*given)
        served.append(found is not None)
        return found

    monkeypatch.setattr(_native, "rows", watched)

    def results(z: Tensor, v: Tensor, dim: int) -> tuple[Tensor, Tensor]:
        x = z.clone().requires_grad_()
        value = getattr(FUNCTIONAL, name)(x, dim)
        return value.detach(), torch.autograd.grad(value, x, v)[0]

    for n, k in ((1, 1), (3, 5), (70, 10), (5, 300), (2, 3000)):
        z = (4 * normal(n, k, seed=k)).to(dtype)
        if n > 2:
            z[0, 0], z[1, 1], z[2, 0] = -torch.inf, torch.inf, torch.nan
        v = normal(n, k, seed=k + 1).to(dtype)
        for a, b, dim in ((z, v, 1), (z.T, v.T, 0), (z.T.contiguous(), v.T.contiguous(), 0)):
            served.clear()
            compiled = results(a, b, dim)
            assert served == [True, True]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_native, "enabled", False)
                by_operations = results(a, b, dim)
            tolerance = 200 * torch.finfo(dtype).eps
            for one, other in zip(compiled, by_operations, strict=True):
                torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)


def test_pytorch_loses_what_these_keep() -> None:
    z = torch.tensor([20.0, 0.0], requires_grad=True)
    assert F.log_softmax(z, 0)[0] == 0.0
    assert FUNCTIONAL.log_softmax(z, 0)[0].item() == pytest.approx(-2.0611536e-09, rel=1e-6)
    (gradient,) = torch.autograd.grad(FUNCTIONAL.log_softmax(z, 0)[0], z)
    assert gradient[0].item() == pytest.approx(2.0611536e-09, rel=1e-6)


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("name", BOTH)
def test_derivatives_of_first_and_second_order(name: str) -> None:
    z = normal(3, 4, 2).requires_grad_()
    for dim in (0, 1, -1):

        def function(x: Tensor, dim: int = dim) -> Tensor:
            return getattr(FUNCTIONAL, name)(x, dim)

        with quiet():  # PyTorch's forward mode uses what it calls deprecated
            assert torch.autograd.gradcheck(function, z, check_forward_ad=True)
        assert torch.autograd.gradgradcheck(function, z)


@pytest.mark.parametrize("name", BOTH)
def test_transforms(name: str) -> None:
    ours, theirs, z = getattr(FUNCTIONAL, name), getattr(F, name), normal(3, 4)

    def close(transform: Any) -> None:
        with quiet():
            torch.testing.assert_close(transform(ours), transform(theirs), rtol=1e-11, atol=1e-14)

    close(lambda f: torch.func.vmap(lambda x: f(x, 0))(z))
    close(lambda f: torch.func.jacrev(lambda x: f(x, 1))(z))
    close(lambda f: torch.func.jacfwd(lambda x: f(x, 1))(z))
    close(lambda f: torch.func.hessian(lambda x: f(x, 1).pow(2).sum())(z))
    with quiet():
        compiled = torch.compile(lambda x: ours(x, 1), fullgraph=True, backend="aot_eager")
        x = z.clone().requires_grad_()
        value = compiled(x)
        (gradient,) = torch.autograd.grad(value, x, normal(3, 4, seed=1))
    y = z.clone().requires_grad_()
    (right,) = torch.autograd.grad(theirs(y, 1), y, normal(3, 4, seed=1))
    torch.testing.assert_close(gradient, right)


@pytest.mark.parametrize("name", BOTH)
def test_halves_are_rounded_once(name: str) -> None:
    z = normal(5, 7).to(torch.bfloat16)
    right = getattr(F, name)(z.double(), 1).to(torch.bfloat16)
    assert torch.equal(getattr(FUNCTIONAL, name)(z, 1), right)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert getattr(FUNCTIONAL, name)(z, 1).dtype == getattr(F, name)(z, 1).dtype

"""Rows that do not count, and the mean of nothing: what docs/numerics.md states of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels.calls import LABELS, accepted
from kernels.special import CASES, DTYPES, INDEX, INFINITE, LIBRARIES, ROWS, call, rows, target_of

INF, NAN = np.inf, np.nan

libraries = pytest.mark.parametrize("library", LIBRARIES)


@libraries
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("name", "smoothing"),
    [(n, eps) for n in INDEX for eps in (0.0, 0.25) if not eps or "label_smoothing" in accepted(n)],
)
def test_nothing_of_an_ignored_row_reaches_anything(name: str, reduction: str, smoothing: float, library: str) -> None:
    options = {"label_smoothing": smoothing} if smoothing else {}
    options |= {"weight": np.array([0.5, 1.0, 2.0, 0.25])} if "weight" in accepted(name) else {}
    junk = np.array([[NAN] * 4, [INF] * 4, [-INF] * 4, [NAN, INF, -INF, 0.0]])
    z = np.concatenate([junk[:2], rows()[:2], junk[2:], rows()[2:]])
    kept = [2, 3, 6]
    target = np.full(7, -100)
    target[kept] = 0, 1, 3
    result = call(library, name, z, target, reduction=reduction, **options)
    alone = call(library, name, ROWS, target[kept], reduction=reduction, **options)
    np.testing.assert_array_equal(result.gradient[[0, 1, 4, 5]], 0)
    np.testing.assert_array_equal(result.gradient[kept], alone.gradient)
    if reduction == "none":
        np.testing.assert_array_equal(result.loss[[0, 1, 4, 5]], 0)
        np.testing.assert_array_equal(result.loss[kept], alone.loss)
    else:
        np.testing.assert_allclose(result.loss, alone.loss, rtol=1e-15)
    if result.hvp is not None:
        np.testing.assert_array_equal(result.hvp[[0, 1, 4, 5]], 0)
        assert np.isfinite(result.hvp).all()


@libraries
@pytest.mark.parametrize("name", [n for n in INDEX if "weight" in accepted(n)])
def test_a_row_of_weight_zero_counts_for_nothing(name: str, library: str) -> None:
    """Be its loss infinite or NaN."""
    z = np.concatenate([[[-INF, 0.0, 1.0, 2.0], [NAN] * 4], ROWS])
    target = np.array([0, 0, 1, 2, 3])
    weight = np.array([0.0, 1.0, 2.0, 0.5])
    for reduction in ("mean", "sum", "none"):
        result = call(library, name, z, target, weight=weight, reduction=reduction)
        alone = call(library, name, ROWS, target[2:], weight=weight, reduction=reduction)
        np.testing.assert_array_equal(result.gradient[:2], 0)
        np.testing.assert_array_equal(result.gradient[2:], alone.gradient)
        np.testing.assert_allclose(result.loss[2:] if reduction == "none" else result.loss, alone.loss, rtol=1e-15)
        if reduction == "none":
            np.testing.assert_array_equal(result.loss[:2], 0)
        if result.hvp is not None:
            np.testing.assert_array_equal(result.hvp[:2], 0)


@libraries
@pytest.mark.parametrize("name", [n for n in LABELS if "weight" in accepted(n)])
def test_a_label_of_weight_zero_counts_for_nothing(name: str, library: str) -> None:
    z = rows()
    z[0, 1], z[1, 1], z[2, 1] = NAN, INF, -INF
    target = np.full_like(z, 0.5)
    result = call(library, name, z, target, weight=np.array([1.0, 0.0, 2.0, 1.0]))
    alone = call(library, name, ROWS, target, weight=np.array([1.0, 0.0, 2.0, 1.0]))
    for part in result.rows(...):
        np.testing.assert_array_equal(part[:, 1], 0)
    for got, right in zip(result.rows(...), alone.rows(...), strict=True):
        np.testing.assert_array_equal(got, right)


@libraries
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("on_empty", ["nan", "zero", None])
@pytest.mark.parametrize(("name", "form"), CASES)
def test_the_mean_of_nothing(name: str, form: str, on_empty: str | None, dtype: str, library: str) -> None:
    """NaN or 0 as one likes, and the gradient is 0: of an empty batch, of ignored rows, of rows of weight zero."""
    options: dict[str, Any] = {"reduction": "mean"} | ({} if on_empty is None else {"on_empty": on_empty})
    right = 0.0 if on_empty == "zero" else NAN
    nothing = [(rows(dtype)[:0], target_of(name, form, rows(dtype)[:0]), {})]
    if form == "index":
        junk = np.array([[NAN, INF, 0, 1], [0, -INF, 1, 2]], dtype)
        nothing.append((junk, np.full(2, -100), {}))
        nothing.append((junk, np.full(2, 7), {"ignore_index": 7}))
        if "weight" in accepted(name):
            nothing.append((junk, np.array([1, 1]), {"weight": np.array([1, 0, 1, 1], dtype)}))
    for z, target, more in nothing:
        result = call(library, name, z, target, **options, **more)
        np.testing.assert_array_equal(result.loss, right)
        assert result.loss.dtype == result.gradient.dtype == dtype
        np.testing.assert_array_equal(result.gradient, np.zeros_like(z))
        if result.hvp is not None:
            np.testing.assert_array_equal(result.hvp, np.zeros_like(z))
        summed = call(library, name, z, target, **{**options, "reduction": "sum"}, **more)
        np.testing.assert_array_equal(summed.loss, 0)
        divided = call(library, name, z, target, normalizer=2.0, **options, **more)
        np.testing.assert_array_equal(divided.loss, 0)


@libraries
@pytest.mark.parametrize("name", [n for n in INDEX if "weight" in accepted(n)])
def test_weights_that_cancel_have_no_mean(name: str, library: str) -> None:
    weight, target = np.array([1.0, -1.0, 0.5, 0.25]), np.array([0, 1])
    for on_empty, right in (("nan", NAN), ("zero", 0.0)):
        result = call(library, name, ROWS[:2], target, weight=weight, reduction="mean", on_empty=on_empty)
        np.testing.assert_array_equal(result.loss, right)
        np.testing.assert_array_equal(result.gradient, 0)


@libraries
@pytest.mark.parametrize("name", [n for n in INDEX if "label_smoothing" in accepted(n)])
def test_smoothing_gives_a_masked_class_its_share(name: str, library: str) -> None:
    """What it costs there is infinite where a logarithm of p is; the gradient is finite."""
    z = np.insert(rows(), 1, -INF, axis=1)
    result = call(library, name, z, np.array([0, 2, 3]), label_smoothing=0.25)
    if name in INFINITE:
        np.testing.assert_array_equal(result.loss, INF)
    else:
        assert np.isfinite(result.loss).all()
    assert np.isfinite(result.gradient).all()


def test_a_normalizer_that_is_a_tensor_may_be_zero() -> None:
    import torch

    from symce_kernels.torch import cross_entropy

    z = torch.tensor(ROWS, requires_grad=True)
    for on_empty, right in (("nan", NAN), ("zero", 0.0)):
        for target in (torch.full((3,), -100), torch.tensor([0, 1, 2]), torch.full((3, 4), 0.25)):
            loss = cross_entropy(z, target, normalizer=torch.tensor(0), on_empty=on_empty)
            np.testing.assert_array_equal(loss.detach().numpy(), right)
            (gradient,) = torch.autograd.grad(loss, z)
            assert not gradient.any()
    with pytest.raises(ValueError, match=r"normalizer.*detach"):
        cross_entropy(z, torch.tensor([0, 1, 2]), normalizer=torch.tensor(2.0, requires_grad=True))

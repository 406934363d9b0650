"""The part of a kernel that a page shows: it is the kernel's own text, it is whole, and it computes the loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from listings.outputs import loss

from symce.listings import ListingError, kernel_listing

NAMES = sorted(
    path.stem
    for path in (Path(__file__).resolve().parents[2] / "generated" / "symce_kernels" / "numpy").glob("[a-z]*.py")
    if path.stem != "linear"  # what all losses do beside a linear layer, and no kernel
)


@pytest.fixture
def kernels(checkout: Path) -> Path:
    return checkout / "generated" / "symce_kernels" / "numpy"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("function", ["value", "value_and_grad", "hvp"])
def test_every_kernel_has_its_listing(kernels: Path, name: str, function: str) -> None:
    text = (kernels / f"{name}.py").read_text(encoding="utf-8")
    shown = kernel_listing(text, function)
    assert shown.startswith(f"def _{function}")
    assert set(shown.splitlines()) <= set(text.splitlines())
    assert "_evaluate" not in shown  # no handling of arguments
    assert "raise" not in shown
    namespace = {"np": np}
    exec(compile(shown, name, "exec"), namespace)  # a helper that is not shown would be an undefined name
    defined = namespace.keys()
    for made in [value for value in namespace.values() if hasattr(value, "__code__")]:
        used = {n for n in made.__code__.co_names if n.startswith("_")}
        assert used <= defined


def test_the_listing_computes_the_loss(kernels: Path) -> None:
    shown = kernel_listing((kernels / "cross_entropy.py").read_text(encoding="utf-8"), "value_and_grad")
    namespace = {"np": np}
    exec(compile(shown, "cross_entropy", "exec"), namespace)
    z = np.array([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0]])
    value, gradient = namespace["_value_and_grad_index"](z, np.array([[0], [2]]))
    assert [float(v) for v in value[:, 0]] == pytest.approx([float(loss(z[0], 0)), float(loss(z[1], 2))], rel=1e-15)
    assert np.abs(gradient.sum(axis=1)).max() < 1e-15


def test_a_long_docstring_is_left_out_and_helpers_follow() -> None:
    text = (
        "def value(logits):\n    return _value(logits)\n\n"
        'def _helper(a):\n    """One line."""\n    return a\n\n'
        "def _unused(a):\n    return a\n\n"
        'def _value(logits):\n    """First.\n\n    More.\n    """\n    # why\n'
        "    value = _helper(logits)\n    return value\n"
    )
    assert kernel_listing(text, "value") == (
        "def _value(logits):\n    # why\n    value = _helper(logits)\n    return value\n\n\n"
        'def _helper(a):\n    """One line."""\n    return a\n'
    )


def test_dense_rows_by_name(kernels: Path) -> None:
    text = (kernels / "cross_entropy.py").read_text(encoding="utf-8")
    assert kernel_listing(text, "_hvp_dense").startswith("def _hvp_dense(")


def test_a_function_that_is_not_there(kernels: Path) -> None:
    text = (kernels / "focal.py").read_text(encoding="utf-8")
    with pytest.raises(ListingError, match="no 'jacobian' on rows; it has: _value_index, _value_and_grad_index, _hvp_"):
        kernel_listing(text, "jacobian")

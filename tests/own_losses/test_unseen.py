"""Losses of no catalogue: their kernels against mpmath's numerical derivative, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from own_losses.kernels import printed
from own_losses.numerical import DIGITS, Row
from own_losses.statements import UNSEEN

from symce.cli.app import main
from symce.losses import Loss, catalogue
from symce.verify.case import parameter
from symce.verify.modules import load
from symce.verify.oracle import oracle
from symce.verify.semantics import Undefined

SIZES = (1, 2, 3, 7)
ROWS = 2
#: what a result that is exactly 0, such as every derivative in a softmax of one class, may be: a few roundings of terms
#: of size 1
ZERO = 4e-15
#: K = 1, where p[c] is 1: the losses that have no value or no derivative there, and why
UNDEFINED = {
    "odds": "log(1 - p[c]) is log 0",
    "normalised": "log(p[c])/Sum(log(p[k]), k) is 0/0",
}


def test_the_table_is_of_losses_not_in_the_catalogue() -> None:
    assert len(UNSEEN) >= 40
    assert {loss.target for loss in UNSEEN.values()} == {"index", "distribution", "weights", "multilabel", "none"}
    assert {p.shape for loss in UNSEEN.values() for p in loss.params} == {"", "K", "NxK"}
    known = {(loss.statement, loss.inner_map) for loss in catalogue().values()}
    assert not [name for name, loss in UNSEEN.items() if (loss.statement, loss.inner_map) in known]
    assert set(UNDEFINED) <= set(UNSEEN)


@pytest.mark.parametrize("name", UNSEEN)
def test_the_generated_kernel_has_the_numerical_derivative(name: str, tmp_path: Path) -> None:
    loss = UNSEEN[name]
    functions = load(printed(loss, tmp_path, ["numpy"]), "numpy", loss).functions
    for size in SIZES:
        if size == 1 and name in UNDEFINED:
            continue
        logits, target, params, v = arguments(loss, size)
        given = (logits,) if target is None else (logits, target)
        value, gradient = functions["value_and_grad"](*given, **params, reduction="sum")
        product = functions["hvp"](*given, v, **params, reduction="sum")
        total = mp.mpf(0)
        for i in range(ROWS):
            goal = None if target is None else target[i]
            own = {n: a[i] if np.ndim(a) == 2 else a for n, a in params.items()}
            row = Row(loss, size, goal, own)
            with mp.workdps(DIGITS):
                total += row.value(*(mp.mpf(x) for x in logits[i]))
            # each entry by itself: not in proportion to the largest of the row
            right = [float(x) for x in row.gradient(logits[i])]
            np.testing.assert_allclose(gradient[i], right, rtol=1e-12, atol=ZERO, err_msg=f"K = {size}, row {i}")
            exact = [float(x) for x in oracle(loss, logits[i], goal, own, v[i]).hvp]
            scale = np.abs(exact).max()
            np.testing.assert_allclose(product[i], exact, rtol=0, atol=1e-10 * scale + ZERO, err_msg=f"K = {size}")
        np.testing.assert_allclose(value, float(total), rtol=1e-12, atol=ZERO, err_msg=f"K = {size}")


def arguments(loss: Loss, size: int) -> tuple[Any, Any, dict[str, Any], Any]:
    """Logits (2, K), a target of the loss's kind or None, every parameter within its domain, and a vector (2, K)."""
    rng = np.random.default_rng(size)
    logits = rng.normal(size=(ROWS, size)) * 1.5
    target: Any = None
    if loss.target == "index":
        target = rng.integers(0, size, ROWS)
    elif loss.target != "none":
        target = rng.uniform(0.05, 0.95, (ROWS, size))
        if loss.target == "distribution":
            target /= target.sum(axis=1, keepdims=True)
    params = {p.name: parameter(p, rng, (ROWS, size), "float64") for p in loss.params}
    return logits, target, params, rng.normal(size=(ROWS, size))


@pytest.mark.parametrize("name", UNDEFINED)
def test_what_is_left_out_for_one_class_is_not_defined_there(name: str) -> None:
    """The reasons in UNDEFINED hold: the exact derivative of the statement is no number either."""
    try:
        exact = oracle(UNSEEN[name], [0.3], 0)
    except Undefined:
        return
    assert not (mp.isfinite(exact.value) and mp.isfinite(exact.gradient[0]))


def file_of(folder: Path, target: str, value: str) -> Path:
    path = folder / "refused.toml"
    path.write_text(
        f'[loss]\nname = "refused"\ntitle = "A loss"\ntarget = "{target}"\nvalue = "{value}"\n', encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("target", "value", "status", "message"),
    [
        ("distribution", "Sum(y[k]**2, k)", 2, "the value does not depend on the logits"),
        ("none", "Sum(p[k], k)", 1, "the value does not depend on the logits"),
        ("index", "logsumexp(z[k], k) - z[c] + log(p[c])", 1, "the value does not depend on the logits"),
        ("distribution", "y[k]*log(p[k])", 2, "the index 'k' is not bound"),
        ("none", "Sum(Sum(abs(z[k] - z[l]), k), l)", 1, "K x K"),
        ("weights", "Sum(y[k]*Sum(p[l]*tanh(z[k] - z[l]), l), k)", 1, "K x K"),
        ("none", "Sum(log(Sum(sigmoid(z[k] - z[l]), l)), k)", 1, "K x K"),
    ],
)
def test_what_has_no_kernel_is_refused_with_one_message(
    target: str,
    value: str,
    status: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, out = file_of(tmp_path, target, value), tmp_path / "out"
    assert main(["derive", str(path), "--out", str(out)]) == status
    printed_text = capsys.readouterr().err
    assert printed_text.count(message) == 1
    assert "Traceback" not in printed_text
    assert not out.exists()

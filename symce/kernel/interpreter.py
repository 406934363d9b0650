"""The reference interpreter of a RowProgram: NumPy in float64, one line an operation; it judges every target.

Shapes are kept so that everything broadcasts by itself: scalar (), class (K,), batch (N, 1), row (N, K).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import mpmath as mp
import numpy as np

from symce.kernel.ir import LIFT, Const, Gather, Input, Map, Node, OneHot, Reduce, RowProgram, Size, Var


def _where_nonzero(a: Any, product: Any) -> Any:
    return np.where(a == 0, 0.0, product)


def _sigmoid(x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1.0 + small)


def _difference(a: Any, b: Any) -> tuple[Any, Any]:
    """a - b as rounded, and what it is short of (Knuth's TwoSum); an error that is no number is 0."""
    s = a - b
    t = s - a
    error = (a - (s - t)) - (b + t)
    return s, np.where(np.isfinite(error), error, 0.0)


def _product_error(a: Any, b: Any, rounded: Any) -> Any:
    """a * b - rounded (Dekker 1971): both factors are split in halves whose products are exact."""
    parts = [(x, x * 134217729.0) for x in (a, b)]
    (a1, a2), (b1, b2) = [(c - (c - x), x - (c - (c - x))) for x, c in parts]
    return ((a1 * b1 - rounded) + a1 * b2 + a2 * b1) + a2 * b2


def _compensated(s: Any, error: Any) -> Any:
    """LIFT exp(s + error); where exp(s) is below the normal numbers, LIFT goes into the exponent."""
    high = round(math.log(LIFT) * 2**30) / 2**30
    low = math.log(LIFT) - high
    error = np.where(np.isfinite(error), error, 0.0)
    shifted = np.exp(s + high) * (1.0 + (error + low))
    return np.where(s < -700.0, shifted, LIFT * (np.exp(s) * (1.0 + error)))


def _exp_quotient(a: Any, b: Any, t: Any) -> Any:
    s, error = _difference(a, b)
    d = s / t
    product = d * t
    return _compensated(d, ((s - product) - _product_error(d, t, product) + error) / t)


def _exp_multiple(a: Any, b: Any, t: Any) -> Any:
    s, error = _difference(a, b)
    d = s * t
    return _compensated(d, _product_error(s, t, d) + error * t)


def _expm1_less(x: Any) -> Any:
    series = np.ones_like(x)
    for n in range(26, 2, -1):
        series = 1.0 + x * series / n
    return np.where(np.abs(x) < 1, x * x / 2 * series, np.expm1(x) - x)


def _softmax_less(scaled: Callable[..., Any]) -> Callable[..., Any]:
    """softmax - y at 40 digits; ``scaled`` is what the logits less the largest become by the scale."""

    def less(p: Any, y: Any, a: Any, b: Any, *scale: Any) -> Any:
        y, b = np.broadcast_to(y, p.shape), np.broadcast_to(b, (len(a), 1))
        result = np.empty_like(p)
        with mp.workdps(40):
            for n, row in enumerate(a):
                e = [mp.exp(scaled(mp.mpf(x) - mp.mpf(b[n, 0]), *scale)) for x in row]
                mass = mp.fsum(e)
                result[n] = [float(x / mass - mp.mpf(t)) for x, t in zip(e, y[n], strict=True)]
        return result

    return less


def _divergence(f: Any, g: Any, difference: Any, less: Any) -> Any:
    divisor = np.where(f == 0, 1.0, f)
    x = less / divisor
    # x - log1p(x) = x t - 2 (t^3/3 + t^5/5 + ...) for t = x / (2 + x)
    t = x / (2 + x)
    series = np.zeros_like(t)
    for n in range(33, 1, -2):
        series = 1.0 / n + t * t * series
    near = f * t * (x - 2 * t * t * series)
    ratio = np.where(x < -0.75, g / divisor, 1.0 + x)
    far = np.where((ratio > 1e-30) & (ratio < 1e30), f * (x - np.log(ratio)), f * difference - f + g)
    return np.where(f == 0, g, np.where((x > -0.5) & (x < 1), near, far))


_MAPS: Mapping[str, Callable[..., Any]] = {
    "neg": np.negative, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt,
    "tanh": np.tanh, "abs": np.abs, "sign": np.sign, "sigmoid": _sigmoid, "softplus": lambda x: np.logaddexp(0.0, x),
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power,
    "product": lambda a, b: _where_nonzero(a, np.multiply(a, b)), "minimum": np.minimum, "maximum": np.maximum,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "and": np.logical_and, "not": np.logical_not, "where": np.where,
    "exp_difference": lambda a, b: _compensated(*_difference(a, b)), "exp_quotient": _exp_quotient,
    "exp_multiple": _exp_multiple, "difference_error": lambda a, b: _difference(a, b)[1],
    "expm1_less": _expm1_less, "divergence": _divergence, "softmax_less": _softmax_less(lambda s: s),
    "softmax_less_quotient": _softmax_less(operator.truediv), "softmax_less_multiple": _softmax_less(operator.mul),
}  # fmt: skip


def evaluate(program: RowProgram, **inputs: Any) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """The outputs of ``program``: ``value`` (N, or N x K where it is a row), ``gradient`` and ``hvp`` (N x K).

    ``inputs`` gives one array for each input of the program: rows N x K, class indices N, classes K or a number,
    scalars. ``logits`` is always needed, as it gives N and K. Raises ValueError for an input that is missing.
    """
    missing = sorted({"logits", *(i.name for i in program.inputs)} - inputs.keys())
    if missing:
        raise ValueError(f"the program needs the inputs {', '.join(missing)}")
    n, k = np.shape(inputs["logits"])
    sizes = {"scalar": (), "class": (k,), "batch": (n, 1), "row": (n, k)}
    values: dict[str, Any] = {}
    for i in program.inputs:
        array = np.asarray(inputs[i.name], dtype=np.int64 if i.kind == "index" else np.float64)
        values[i.name] = np.broadcast_to(array.reshape(n, 1) if i.shape == "batch" else array, sizes[i.shape])

    def run(node: Node) -> Any:
        match node:
            case Input() | Var():
                return values[node.name]
            case Const():
                return float(node.value)
            case Size():
                return float(k)
            case Map():
                return _MAPS[node.op](*(run(a) for a in node.args))
            case Reduce("excess") if node.body.shape in ("scalar", "class"):
                return math.fsum([*np.broadcast_to(run(node.body), (k,)), -1.0])
            case Reduce("excess"):
                return np.array([[math.fsum([*row, -1.0])] for row in np.broadcast_to(run(node.body), (n, k))])
            case Reduce():
                if node.body.shape == "class":
                    return getattr(np, node.op)(run(node.body))
                column = getattr(np, node.op)(np.broadcast_to(run(node.body), (n, k)), axis=1, keepdims=True)
                return column[0, 0] if node.shape == "scalar" and n else column
            case Gather():
                return np.take_along_axis(np.broadcast_to(run(node.source), (n, k)), run(node.index), axis=1)
            case OneHot():
                return np.arange(k) == run(node.index)

    with np.errstate(all="ignore"):
        for let in program.lets:
            values[let.name] = run(let.value)
        outputs = {name: run(node) for name, node in program.outputs.items()}
    value_shape = (n, k) if "value" in outputs and program.outputs["value"].shape == "row" else (n, 1)
    rows = {
        name: np.array(np.broadcast_to(o, value_shape if name == "value" else (n, k))) for name, o in outputs.items()
    }
    return {name: r[:, 0] if name == "value" and value_shape == (n, 1) else r for name, r in rows.items()}

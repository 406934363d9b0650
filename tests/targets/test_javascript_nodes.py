"""Every node of a RowProgram as JavaScript, against the interpreter; and what the runtime makes of special numbers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from targets.node import JavascriptError, Node, agree, write_package
from targets.programs import Z as Z_ROW
from targets.programs import kernel, op

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import RELATIONS, UNARY, Const, Gather, Input, Let, OneHot, Reduce, RowProgram, Size, Var
from symce.kernel.ir import Node as IrNode
from symce.kernel.kernel import KernelParam
from symce.targets import TARGETS

A, N = Input("a", "row"), Input("n", "class")
T, G = Input("T", "scalar"), Input("g", "scalar")
ONE, TWO = Const(Fraction(1)), Const(Fraction(2))
TOP = Reduce("argmax", Z_ROW)
NODES: dict[str, IrNode] = {
    **{name: op(name, A) for name in UNARY if name not in ("neg", "not", "log", "log1p", "sqrt")},
    **{name: op(name, op("abs", A)) for name in ("log", "log1p", "sqrt")},
    **{name: op(name, A, Z_ROW) for name in ("add", "sub", "mul", "div", "product", "minimum", "maximum")},
    **{name: op("where", op(name, A, Z_ROW), ONE, A) for name in RELATIONS},
    "pow": op("pow", op("abs", A), Z_ROW),
    "pow of a pow": op("pow", op("neg", op("pow", A, TWO)), TWO),
    "minus a power": op("neg", op("pow", A, TWO)),
    "minus of minus": op("sub", A, op("neg", op("sub", A, op("neg", op("mul", A, A))))),
    "and not": op("where", op("and", op("lt", A, Z_ROW), op("not", op("eq", A, ONE))), TWO, A),
    "where in where": op("where", op("where", op("lt", A, ONE), op("gt", Z_ROW, ONE), op("gt", A, TWO)), A, Z_ROW),
    "condition as a number": op("mul", op("lt", A, Z_ROW), TWO),
    "numbers": op("mul", A, op("where", op("lt", T, G), op("product", T, op("log", T)), op("minimum", T, G))),
    "K": op("mul", A, op("log", Size())),
    "a third": op("div", A, Const(Fraction(1, 3))),
    "large": op("mul", A, Const(Fraction(10) ** 30)),
    "sum within": op("sub", A, Reduce("sum", op("mul", A, op("sub", Z_ROW, Reduce("max", A))))),
    "sum of classes": op("mul", A, Reduce("sum", N)),
    "largest of classes": op("mul", A, Reduce("max", op("neg", N))),
    "sum of a number": op("mul", A, Reduce("sum", T)),
    "largest": op("sub", A, Reduce("max", Z_ROW)),
    "entry": op("mul", A, Gather(op("add", Z_ROW, Reduce("sum", A)), TOP)),
    "entry of classes": op("mul", A, Gather(N, TOP)),
    "entry of a number a row": op("mul", A, Gather(Reduce("sum", A), TOP)),
    "one-hot": op("where", OneHot(TOP), A, ONE),
    "one-hot at an entry": op("add", A, op("where", Gather(OneHot(TOP), Reduce("argmax", A)), ONE, TWO)),
}


def test_every_node_means_what_the_interpreter_says(node: Node, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    params = [("a", "NxK"), ("n", "K"), ("T", ""), ("g", "")]
    given = {"a": rng.normal(size=(3, 5)), "n": rng.normal(size=5), "T": 0.7, "g": 1.3}
    z = np.array([[0.0, 1.0, 1.0, -2.0, 0.5], [2.0, 2.0, -1.0, 0.0, 0.3], [-3.0, -1.0, -2.0, -1.5, -4.0]])
    given["a"][0, :2] = [0.0, 1.0]
    inputs = (Z_ROW, A, N, T, G)
    write_package(tmp_path, [])
    for number, (what, value) in enumerate(NODES.items()):
        # once as it is, and once with a name
        for lets, output in (((), value), ((Let("named", value, "what it is"),), Var("named", value.shape))):
            program = RowProgram(inputs, lets, {"value": Reduce("sum", output), "gradient": output})
            made = kernel(
                f"node{number}", what, "none", {"none": program},
                params=tuple(KernelParam(n, "real", None, shape, "") for n, shape in params),
            )  # fmt: skip
            path = tmp_path / f"{'named' if lets else 'bare'}{number}.js"
            path.write_text(TARGETS["javascript"].render(made)[f"javascript/{made.name}.js"], encoding="utf-8")
            got = node(path, "valueAndGrad", z, given | {"reduction": "none"})
            expected = evaluate(program, logits=z, **given)
            assert agree(got["grad"], expected["gradient"], 1e-15), (what, path.read_text(encoding="utf-8"))
            assert agree(got["value"], expected["value"], 1e-14), (what, path.read_text(encoding="utf-8"))


def test_nan_and_infinity_go_the_way_that_they_go_in_numpy(node: Node, javascript: Path) -> None:
    runtime = javascript / "runtime.js"
    special = [0.0, 1.0, -1.0, 0.3, np.inf, -np.inf, np.nan]
    with np.errstate(all="ignore"):
        for a in special:
            for b in special:
                assert agree(node(runtime, "power", a, b), np.power(a, b), 0), (a, b)
                assert agree(node(runtime, "product", a, b), 0 if a == 0 else a * b, 0), (a, b)
            assert agree(node(runtime, "softplus", a), np.logaddexp(0, a), 0), a
            assert agree(node(runtime, "sigmoid", a), 1 / (1 + np.exp(-np.float64(a))), 0), a


def test_softmax(node: Node, javascript: Path) -> None:
    for z in ([2.0, 1.0, 0.5], [1000.0, -1000.0], [-np.inf, 0.0], [5.0]):
        e = np.exp(np.array(z) - max(z))
        assert agree(node(javascript / "runtime.js", "softmax", z), e / e.sum(), 0)
        assert node(javascript / "index.js", "softmax", z) == node(javascript / "runtime.js", "softmax", z)
    assert np.isnan(node(javascript / "runtime.js", "softmax", [np.nan, 1.0])).all()
    with pytest.raises(JavascriptError, match="RangeError: logits: no numbers; allowed: one a class"):
        node(javascript / "runtime.js", "softmax", [])

"""Printed expressions: minimal parentheses, the layout of ruff, dtypes that stay."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symce.kernel.ir import Const, Gather, Input, Let, Map, Node, Reduce, RowProgram, Size
from symce.targets.expressions import Printer, number
from symce.targets.layout import Precedence, Text, call, definition, infix, lines
from symce.targets.numpy import NumpyPrinter
from symce.targets.torch import TorchPrinter

A, B, C = (Input(name, "row") for name in "abc")
W = Input("w", "class")
T, G = Input("T", "scalar"), Input("g", "scalar")
ONE, TWO = Const(Fraction(1)), Const(Fraction(2))


def op(name: str, *args: Node) -> Map:
    return Map(name, args)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (op("mul", op("add", A, B), C), "(a + b) * c"),
        (op("add", A, op("mul", B, C)), "a + b * c"),
        (op("sub", A, op("sub", B, C)), "a - (b - c)"),
        (op("sub", op("sub", A, B), C), "a - b - c"),
        (op("add", A, op("add", B, C)), "a + (b + c)"),
        (op("div", A, op("mul", B, C)), "a / (b * c)"),
        (op("add", A, op("neg", B)), "a - b"),
        (op("add", op("neg", A), B), "b - a"),
        (op("neg", op("mul", A, B)), "-a * b"),
        (op("neg", op("add", A, B)), "-(a + b)"),
        (op("neg", op("neg", A)), "a"),
        (op("pow", A, TWO), "a**2"),
        (op("pow", op("sub", ONE, A), G), "(1 - a) ** g"),
        (op("pow", op("neg", A), TWO), "(-a) ** 2"),
        (op("neg", op("pow", A, TWO)), "-(a**2)"),
        (op("pow", A, op("neg", G)), "a**-g"),
        (op("pow", op("pow", A, B), C), "(a**b) ** c"),
        (op("and", op("lt", A, B), op("not", op("eq", A, C))), "(a < b) & ~(a == c)"),
        (op("exp", op("neg", A)), "np.exp(-a)"),
        (op("mul", op("eq", A, B), C), "np.where(a == b, 1, 0).astype(logits.dtype) * c"),
        (op("where", op("lt", A, B), A, ONE), "np.where(a < b, a, 1)"),
        (op("maximum", ONE, A), "np.maximum(a, 1)"),
        (Reduce("sum", op("mul", A, B)), "_sum(a * b)"),
        (Reduce("max", W), "np.max(w)"),
        (Reduce("sum", T), "K * T"),
        (Gather(W, Input("target", "batch", "index")), "w[target]"),
        (Gather(op("add", W, ONE), Input("target", "batch", "index")), "(w + 1)[target]"),
        # made of parameters alone: Python numbers, which take the dtype of the array that they meet
        (op("mul", op("exp", op("neg", T)), A), "math.exp(-T) * a"),
        (op("where", op("gt", T, ONE), T, ONE), "T if T > 1 else 1"),
        (op("mul", op("maximum", T, G), op("abs", T)), "max(T, g) * abs(T)"),
        (op("log", Size()), "math.log(K)"),
        (op("product", T, op("log", T)), "0 if T == 0 else T * math.log(T)"),
    ],
)  # fmt: skip
def test_numpy_text(node: Node, text: str) -> None:
    assert NumpyPrinter().print(node).text == text


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (op("minimum", A, ONE), "torch.clamp(a, max=1)"),
        (op("maximum", ONE, A), "torch.clamp(a, min=1)"),
        (op("maximum", A, B), "torch.maximum(a, b)"),
        (op("where", op("lt", A, B), TWO, ONE), "torch.where(a < b, logits.new_tensor(2), 1)"),
        (Reduce("max", A), "torch.gather(a, 1, torch.argmax(a, dim=1, keepdim=True))"),
        (op("softplus", A), "_softplus(a)"),
    ],
)
def test_torch_text(node: Node, text: str) -> None:
    assert TorchPrinter().print(node).text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(3), "3"),
        (Fraction(-1, 2), "-0.5"),
        (Fraction(1, 10), "0.1"),
        (Fraction(1, 3), "1 / 3"),
        (Fraction(10) ** 30, "1e+30"),
    ],
)
def test_numbers_are_exact(value: Fraction, text: str) -> None:
    assert number(value).text == text


def test_a_fraction_keeps_its_parentheses() -> None:
    assert NumpyPrinter().print(op("div", A, Const(Fraction(1, 3)))).text == "a / (1 / 3)"


def test_names_that_python_or_the_module_needs_give_way() -> None:
    lets = (Let("lambda", A), Let("np", B), Let("l", C))
    program = RowProgram((A, B, C), lets, {"value": Reduce("sum", op("add", A, B))})
    body = NumpyPrinter().body(program)
    assert "    lambda_ = a\n    np_ = b\n    l_ = c\n" in body


def test_notes_stand_above_their_line() -> None:
    program = RowProgram((A,), (Let("d", A, "what it is"),), {"value": A})
    assert "    # what it is\n    d = a\n" in NumpyPrinter().body(program)


def test_a_value_that_has_a_name_is_not_printed_twice() -> None:
    winner = Reduce("argmax", A)
    program = RowProgram((A,), (Let("k", winner), Let("m", Reduce("max", A))), {"value": Reduce("max", A)})
    assert TorchPrinter().body(program).endswith("m = torch.gather(a, 1, k)\n    return m")


def test_long_lines_break_as_ruff_breaks_them() -> None:
    name = Text("a" * 50)
    total = infix(infix(name, "+", name, Precedence.SUM), "+", name, Precedence.SUM)
    assert lines("x = ", total, 4) == [
        "    x = (",
        *(f"        {sign}{'a' * 50}" for sign in ("", "+ ", "+ ")),
        "    )",
    ]
    assert lines("x = ", call("f", name, name), 30) == [
        f"{' ' * 30}x = f(",
        *[f"{' ' * 34}{'a' * 50},"] * 2,
        " " * 30 + ")",
    ]
    assert definition("f", ["a" * 60, "b" * 60], "int") == f"def f(\n    {'a' * 60},\n    {'b' * 60},\n) -> int:"


def test_a_chain_within_a_chain_keeps_its_operator() -> None:
    """As ruff lays out `x = long + long * f(long, long)`: one operator beside a call breaks within the call."""
    a, f = Text("a" * 50), call("f", "b" * 50, "c" * 50)
    total = infix(a, "+", infix(a, "*", f, Precedence.PRODUCT), Precedence.SUM)
    assert lines("x = ", total, 0) == [f"x = {'a' * 50} + {'a' * 50} * f(", f"    {'b' * 50}, {'c' * 50}", ")"]
    more = infix(total, "-", infix(a, "/", Text("d" * 60), Precedence.PRODUCT), Precedence.SUM)
    assert lines("x = ", more, 0) == [
        "x = (",
        f"    {'a' * 50}",
        f"    + {'a' * 50}",
        f"    * {f.text}",
        f"    - {'a' * 50} / {'d' * 60}",
        ")",
    ]


def test_the_core_leaves_the_library_to_the_target() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Printer()  # type: ignore[abstract]

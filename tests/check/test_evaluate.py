"""The values of expressions: every kind of node against its definition, derivatives against difference quotients."""

from decimal import Decimal, getcontext

import mpmath
import pytest

from symce.check.arithmetic import CONTEXT, Undefined, divide, multiply, primal
from symce.check.evaluate import Evaluator
from symce.check.quotients import mp, quotient
from symce.check.reading import read
from symce.check.sampling import Point

CLASSES = 3


def evaluator(expr, definitions=(), assumptions=(), edge="", **domains):
    domains = {"z": "real", "y": "unit", "w": "real", "t": "positive", "W": "real", "x": "real", **domains}
    document = read(
        {
            "format": "symce-proof",
            "version": 1,
            "name": "example",
            "indices": {"j": "class", "l": "class", "d": "feature"},
            "domains": domains,
            "assumptions": list(assumptions),
            "cites": [],
            "definitions": list(definitions),
            "statement": expr,
            "steps": [],
            "result": expr,
        }
    )
    return Evaluator(document, Point(1, CLASSES, domains, tuple(assumptions), edge)), document.lines[0].expr


def value(expr, j=1, l=2, d=1, **options):  # noqa: E741
    found, node = evaluator(expr, **options)
    return mp.mpf(str(primal(found.value(node, {"j": j, "l": l, "d": d}))))


def by_quotients(expr, j=1, l=2, d=1, **options):  # noqa: E741
    found, node = evaluator(expr, **options)
    return quotient(found.document, found.point, node, {"j": j, "l": l, "d": d})


def z(i):
    return ["entry", "z", i]


def close(one, other, digits=40):
    return abs(one - other) <= mp.mpf(10) ** -digits * max(1, abs(other))


Z = [value(z("j"), j=n) for n in (1, 2, 3)]
Y = [value(["entry", "y", "j"], j=n) for n in (1, 2, 3)]
T = value(["sym", "t"])
P = [mp.exp(v) / mp.fsum(map(mp.exp, Z)) for v in Z]

NODES = {
    "num": (["num", "-2/3"], -mp.mpf(2) / 3),
    "size": (["size", "K"], 3),
    "samples": (["size", "N"], 2),
    "features": (["size", "D"], 3),
    "add": (["add", z("j"), z("l"), ["sym", "t"]], Z[0] + Z[1] + T),
    "mul": (["mul", z("j"), z("l")], Z[0] * Z[1]),
    "pow": (["pow", ["sym", "t"], z("l")], T ** Z[1]),
    "negative power": (["pow", z("j"), ["num", "-2"]], Z[0] ** -2),
    "product": (["product", z("j"), z("l")], Z[0] * Z[1]),
    "softmax": (["softmax", "z", "l"], P[1]),
    "sigmoid": (["sigmoid", z("j")], 1 / (1 + mp.exp(-Z[0]))),
    "softplus": (["softplus", z("j")], mp.log(1 + mp.exp(Z[0]))),
    "log": (["log", ["sym", "t"]], mp.log(T)),
    "exp": (["exp", z("j")], mp.exp(Z[0])),
    "tanh": (["tanh", z("j")], mp.tanh(Z[0])),
    "abs": (["abs", z("j")], abs(Z[0])),
    "sign": (["sign", z("j")], mp.sign(Z[0])),
    "delta": (["delta", "j", "l"], 0),
    "delta of one index": (["delta", "j", "j"], 1),
    "sum": (["sum", "k", "class", ["mul", ["entry", "y", "k"], z("j")]], mp.fsum(Y) * Z[0]),
    "shadowed": (["sum", "j", "class", z("j")], mp.fsum(Z)),
    "lse": (["lse", "k", "class", z("k")], mp.log(mp.fsum(map(mp.exp, Z)))),
    "where": (["where", ["lt", z("j"), z("l")], ["num", "1"], ["num", "2"]], 1 if Z[0] < Z[1] else 2),
    "where not": (["where", ["ge", z("j"), z("l")], ["num", "1"], ["num", "2"]], 1 if Z[0] >= Z[1] else 2),
    "named": (["named", ["sym", "L"], z("l")], Z[1]),
}


@pytest.mark.parametrize("case", NODES)
def test_the_value_of_a_node(case):
    expr, expected = NODES[case]
    assert close(value(expr), mp.mpf(expected))
    assert close(by_quotients(expr), mp.mpf(expected)), "by the second opinion"


FUNCTIONS = {
    "log": lambda e: ["log", ["add", ["num", "1"], ["pow", e, ["num", "2"]]]],
    "exp": lambda e: ["exp", e],
    "tanh": lambda e: ["tanh", e],
    "abs": lambda e: ["abs", e],
    "sigmoid of more": lambda e: ["sigmoid", ["mul", ["num", "2"], e]],
    "softplus": lambda e: ["softplus", e],
    "power": lambda e: ["pow", ["exp", e], ["sym", "t"]],
    "exponent": lambda e: ["pow", ["sym", "t"], e],
    "both": lambda e: ["pow", ["exp", e], e],
    "quotient": lambda e: ["mul", e, ["pow", ["add", ["exp", e], ["num", "1"]], ["num", "-1"]]],
    "where": lambda e: ["where", ["lt", e, ["num", "0"]], ["pow", e, ["num", "3"]], ["pow", e, ["num", "2"]]],
}


@pytest.mark.parametrize("case", FUNCTIONS)
@pytest.mark.parametrize("kind", ["total", "partial"])
def test_a_derivative_is_that_of_a_difference_quotient(case, kind):
    derivative = value([kind, FUNCTIONS[case](z("j")), z("j")])

    step = 10**12

    def moved(by):
        return value(FUNCTIONS[case](["add", z("j"), ["num", f"{by}/{step}"]]))

    assert close((moved(1) - moved(-1)) * step / 2, derivative, digits=20)
    assert close(by_quotients([kind, FUNCTIONS[case](z("j")), z("j")]), derivative, digits=35)


def test_a_total_derivative_goes_through_softmax_and_a_partial_one_does_not():
    assert close(value(["total", ["softmax", "z", "l"], z("j")]), -P[1] * P[0])
    assert close(value(["total", ["softmax", "z", "l"], z("j")], l=1), P[0] * (1 - P[0]))
    assert value(["partial", ["softmax", "z", "l"], z("j")]) == 0
    assert value(["partial", ["sigmoid", z("j")], z("j")]) == 0
    assert close(value(["partial", ["mul", z("j"), ["softmax", "z", "l"]], z("j")]), P[1])


def test_entries_of_softmax_and_sigmoid_are_variables_of_their_own():
    entropy = ["sum", "k", "class", ["mul", ["softmax", "z", "k"], ["log", ["softmax", "z", "k"]]]]
    assert close(value(["partial", entropy, ["softmax", "z", "j"]]), 1 + mp.log(P[0]))
    square = ["pow", ["sigmoid", z("j")], ["num", "2"]]
    s = 1 / (1 + mp.exp(-Z[0]))
    assert close(value(["partial", square, ["sigmoid", z("j")]]), 2 * s)
    assert value(["partial", ["mul", z("j"), z("l")], ["softmax", "z", "j"]]) == 0
    assert value(["partial", square, ["sigmoid", z("l")]]) == 0


def test_a_derivative_of_a_derivative():
    first = ["total", ["softmax", "z", "l"], z("j")]
    assert close(value(["total", first, z("j")]), -P[1] * P[0] * (1 - 2 * P[0]))
    inner = ["partial", ["pow", ["softmax", "z", "j"], ["num", "3"]], ["softmax", "z", "j"]]
    assert close(value(["total", inner, z("j")]), 6 * P[0] * P[0] * (1 - P[0]))


ADJUSTED = {
    "name": ["entry", "a", "k"],
    "indices": {"k": "class"},
    "value": ["mul", ["entry", "z", "k"], ["pow", ["sym", "t"], ["num", "-1"]]],
}
LAYER = {
    "name": ["entry", "z", "k"],
    "indices": {"k": "class"},
    "value": ["sum", "e", "feature", ["mul", ["entry", "W", "k", "e"], ["entry", "x", "e"]]],
}


def test_a_total_derivative_goes_through_definitions_and_a_partial_one_does_not():
    a = ["entry", "a", "j"]
    options = {"definitions": [ADJUSTED]}
    assert close(value(a, **options), Z[0] / T)
    assert close(value(["total", a, z("j")], **options), 1 / T)
    assert value(["partial", a, z("j")], **options) == 0
    assert value(["total", ["softmax", "a", "j"], a], **options) > 0
    assert value(["total", z("j"), a], **options) == 0, "z does not follow a"


def test_derivatives_go_through_a_chain_of_definitions():
    options = {"definitions": [ADJUSTED, LAYER]}
    x = value(["entry", "x", "d"])
    derivative = value(["total", ["entry", "a", "j"], ["entry", "W", "j", "d"]], **options)
    assert close(derivative, x / T)
    assert value(["total", ["entry", "a", "j"], ["entry", "W", "l", "d"]], **options) == 0
    assert close(value(["total", ["pow", z("j"), ["num", "2"]], z("j")], **options), 2 * value(z("j"), **options))


def test_some_function_of_other_letters_has_the_slope_that_is_stated():
    opaque = {
        "name": ["entry", "L", "j"],
        "indices": {"j": "class"},
        "through": ["entry", "z", "k"],
        "over": ["k", "class"],
        "slope": ["mul", ["entry", "y", "j"], ["entry", "w", "k"]],
    }
    entry = ["entry", "L", "j"]
    expected = Y[0] * value(["entry", "w", "l"])
    assert close(value(["total", entry, z("l")], definitions=[opaque]), expected)
    assert value(["partial", entry, z("l")], definitions=[opaque]) == 0
    x = value(["entry", "x", "d"])
    through_the_layer = ["total", entry, ["entry", "W", "l", "d"]]
    assert close(value(through_the_layer, definitions=[LAYER, opaque]), expected * x)


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (["pow", ["add", z("j"), ["mul", ["num", "-1"], z("j")]], ["num", "-1"]], "a division by zero"),
        (["log", ["num", "0"]], "the logarithm of 0$"),
        (["log", ["num", "-2"]], "the logarithm of -2$"),
        (["pow", ["num", "-2"], ["num", "1/2"]], "a power of the negative number -2$"),
        (["total", ["log", ["mul", z("j"), ["num", "0"]]], z("j")], "the logarithm of 0$"),
    ],
)
def test_what_has_no_value_is_undefined(expr, message):
    with pytest.raises(Undefined, match=message):
        value(expr)


def test_assumptions_and_edges_of_domains_are_respected():
    total = ["sum", "k", "class", ["entry", "y", "k"]]
    assert not close(value(total), 1)
    assert close(value(total, assumptions=["sums-to-one"]), 1)
    y = ["entry", "y", "j"]
    assert close(value(y, assumptions=["predicted-target"]), P[0])
    assert value(["total", y, z("j")], assumptions=["predicted-target"]) == 0
    assert value(["sym", "t"], edge="lowest") == T, "a positive parameter has no lowest value"
    assert value(["sym", "t"], edge="lowest", t="nonnegative") == 0
    assert value(["sym", "t"], edge="highest", t="unit") == 1


def test_the_precision_of_the_caller_is_left_alone():
    before = mpmath.mp.dps, getcontext().prec
    assert (mp.dps, CONTEXT.prec) == (60, 60)
    value(["exp", z("j")])
    by_quotients(["exp", z("j")])
    assert (mpmath.mp.dps, getcontext().prec) == before


def test_a_quotient_of_equal_numbers_is_one():
    """So that 1 - p of one class is 0, and not the rounding error of p."""
    x = Decimal(7)
    assert divide(x, x) == 1
    assert multiply(x, CONTEXT.divide(Decimal(1), x)) != 1
    with pytest.raises(Undefined):
        divide(x, Decimal(0))

"""Numbers with derivatives: each operation of the tape against mpmath's numerical derivatives."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest

from symce.verify import dual
from symce.verify.tape import Tape


def derivatives(function: Any, x: Any) -> tuple[Any, Any, Any]:
    """Value, first and second derivative at x."""
    tape = Tape()
    variable = tape.variable(mp.mpf(x), mp.mpf(1))
    result = function(tape, variable)
    tape.backward(result)
    assert variable.adjoint is not None
    # forwards and backwards see the same first derivative
    assert mp.almosteq(variable.adjoint.value, result.along, mp.mpf(10) ** -45)
    assert result.size >= abs(result.value) or mp.almosteq(result.size, abs(result.value))
    return result.value, variable.adjoint.value, variable.adjoint.along


@pytest.mark.parametrize("x", ["0.7", "2.25"])
@pytest.mark.parametrize(
    ("function", "plain"),
    [
        (lambda t, f: t.apply("exp", f), mp.exp),
        (lambda t, f: t.apply("log", f), mp.log),
        (lambda t, f: t.apply("sqrt", f), mp.sqrt),
        (lambda t, f: t.apply("tanh", f), mp.tanh),
        (lambda t, f: t.abs(t.neg(f)), abs),
        (lambda t, f: t.apply("sigmoid", f), lambda x: 1 / (1 + mp.exp(-x))),
        (lambda t, f: t.apply("softplus", f), lambda x: mp.log(1 + mp.exp(x))),
        (lambda t, f: t.apply("inverse", f), lambda x: 1 / x),
        (lambda t, f: t.pow(f, t.constant(mp.mpf(2.5))), lambda x: x ** mp.mpf(2.5)),
        (lambda t, f: t.pow(t.sub(f, t.constant(mp.mpf(3))), t.constant(mp.mpf(3))), lambda x: (x - 3) ** 3),
        (lambda t, f: t.pow(f, t.constant(mp.mpf(-2))), lambda x: x**-2),
        (lambda t, f: t.pow(f, f), lambda x: x**x),
        (lambda t, f: t.div(t.apply("tanh", f), t.mul(f, f)), lambda x: mp.tanh(x) / x**2),
        (lambda t, f: t.total([f, t.mul(f, f), t.constant(mp.mpf(2))]), lambda x: x + x * x + 2),
        (lambda t, f: t.min(t.mul(f, f), t.constant(mp.mpf(9)), t.add(f, f)), lambda x: min(x * x, 9, 2 * x)),
        (lambda t, f: t.max(t.mul(f, f), t.constant(mp.mpf(-9)), t.add(f, f)), lambda x: max(x * x, -9, 2 * x)),
        *[
            (lambda t, f, kind=kind: t.softmax([f, t.mul(f, f), t.constant(mp.mpf(1))]).number(kind, 1), plain)
            for kind, plain in {
                "p": lambda x: mp.exp(x * x) / (mp.exp(x) + mp.exp(x * x) + mp.e),
                "1-p": lambda x: 1 - mp.exp(x * x) / (mp.exp(x) + mp.exp(x * x) + mp.e),
                "log p": lambda x: mp.log(mp.exp(x * x) / (mp.exp(x) + mp.exp(x * x) + mp.e)),
                "log 1-p": lambda x: mp.log(1 - mp.exp(x * x) / (mp.exp(x) + mp.exp(x * x) + mp.e)),
            }.items()
        ],
        (
            lambda t, f: t.softmax([f, t.mul(f, f), t.constant(mp.mpf(1))]).log_sum_exp(),
            lambda x: mp.log(mp.exp(x) + mp.exp(x * x) + mp.e),
        ),
    ],
)
def test_derivatives_of_operations(function: Any, plain: Any, x: str) -> None:
    with mp.workdps(50):
        for n, got in enumerate(derivatives(function, x)):
            with mp.workdps(150):
                right = mp.diff(plain, mp.mpf(x), n)
            assert abs(got - right) < mp.mpf(10) ** -40, n


def test_zero_times_infinity_is_zero() -> None:
    assert dual.product(mp.mpf(0), mp.inf) == 0
    tape = Tape()
    y = tape.constant(mp.mpf(0))
    assert tape.mul(y, tape.apply("log", y)).value == 0


def test_others_do_not_cancel() -> None:
    values = [mp.mpf(1), mp.mpf(10) ** -40, mp.mpf(10) ** -50]
    found = dual.others(values, dual.add, dual.ZERO)
    assert mp.almosteq(found[0], mp.mpf(10) ** -40 + mp.mpf(10) ** -50)
    assert dual.others([mp.mpf(7)], dual.add, dual.ZERO) == [0]


@pytest.mark.parametrize(
    ("build", "doubted"),
    [
        (lambda t, x: t.apply("log", t.sub(t.add(x, t.constant(mp.mpf(1))), t.constant(mp.mpf(1)))), True),
        (lambda t, x: t.apply("log", t.add(x, t.constant(mp.mpf(1)))), True),
        (lambda t, x: t.apply("log", t.add(x, t.constant(mp.mpf(2)))), False),
        (lambda t, x: t.div(x, t.sub(t.add(x, t.constant(mp.mpf(3))), t.constant(mp.mpf(3)))), True),
        (lambda t, x: t.max(t.constant(mp.mpf(1)), t.add(x, t.constant(mp.mpf(1)))), True),
        (lambda t, x: t.apply("exp", t.div(t.constant(mp.mpf(1)), x)), True),
        (lambda t, x: t.apply("sqrt", x), False),
    ],
)
def test_lost_digits_are_noticed(build: Any, doubted: bool) -> None:
    with mp.workdps(50):
        tape = Tape()
        build(tape, tape.variable(mp.mpf(10) ** -30, mp.mpf(0)))
    assert tape.doubt is doubted

"""Rounding to a dtype, against NumPy's and PyTorch's conversions and against exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symce.verify.rounding import FORMATS, nearest, ulp, ulps

INF = math.inf
#: floats over all of float64, and over the range where float16 ends
floats = st.floats(allow_nan=False) | st.floats(-70000, 70000) | st.floats(-1e-6, 1e-6)


def neighbours(x: float, dtype: str) -> tuple[Fraction, Fraction]:
    """The numbers of the dtype, as if exponents had no end above, before and after its number x."""
    form = FORMATS[dtype]
    ratio = Fraction(x)
    exponent = max(math.frexp(x)[1] - 1, form.least)
    step = Fraction(2) ** (exponent - form.bits + 1)
    # below a power of two numbers are twice as near
    near = step / 2 if abs(ratio) == Fraction(2) ** exponent and exponent > form.least else step
    return (ratio - near, ratio + step) if ratio > 0 else (ratio - step, ratio + near)


@given(floats)
@settings(max_examples=500)
def test_as_numpy_converts(x: float) -> None:
    with np.errstate(over="ignore", under="ignore"):
        right = {dtype: float(np.float64(x).astype(dtype)) for dtype in ("float16", "float32", "float64")}
    for dtype, expected in right.items():
        for found in (nearest(x, dtype), nearest(mp.mpf(x), dtype)):
            assert found == expected
            assert x == 0 or math.copysign(1, found) == math.copysign(1, x)


@given(st.floats(width=32, allow_nan=False))
@settings(max_examples=300)
def test_as_pytorch_converts_to_bfloat16(x: float) -> None:
    import torch

    assert nearest(x, "bfloat16") == torch.tensor(x, dtype=torch.float32).to(torch.bfloat16).item()


@given(st.floats(1, 2, width=64), st.integers(-(2**11), 2**11), st.integers(-1100, 1020))
@settings(max_examples=300)
def test_as_longdoubles_convert(x: float, rest: int, exponent: int) -> None:
    last = min(63, np.finfo(np.longdouble).nmant)  # a longdouble is a double on some platforms
    wide = np.ldexp(np.longdouble(x) + np.ldexp(np.longdouble(rest), -last), exponent)
    exact = mp.ldexp(mp.fadd(x, mp.ldexp(rest, -last), exact=True), exponent)
    with np.errstate(over="ignore", under="ignore"):
        assert nearest(exact, "float64") == float(wide)
        assert nearest(exact, "float32") == float(wide.astype(np.float32))


@pytest.mark.parametrize("dtype", FORMATS)
@given(st.data())
@settings(max_examples=200)
def test_no_number_of_the_dtype_is_nearer(dtype: str, data: st.DataObject) -> None:
    form = FORMATS[dtype]
    significand = data.draw(st.fractions(-4, 4, max_denominator=10**12))
    exponent = data.draw(st.integers(form.least - form.bits - 3, form.largest - 2))
    exact = significand * Fraction(2) ** exponent
    found = nearest(exact, dtype)
    ratio = Fraction(found)
    # it is a number of the dtype
    step = Fraction(2) ** (max(math.frexp(found)[1] - 1, form.least) - form.bits + 1)
    assert (ratio / step).denominator == 1
    assert abs(ratio / step) <= 2**form.bits
    for other in neighbours(found, dtype) if found else (step, -step):
        distance, farther = abs(exact - ratio), abs(exact - other)
        assert distance <= farther
        if distance == farther:
            assert int(ratio / step) % 2 == 0, "half to even"


@pytest.mark.parametrize("dtype", FORMATS)
def test_the_ends_of_the_range(dtype: str) -> None:
    form = FORMATS[dtype]
    largest = (2 - Fraction(2) ** (1 - form.bits)) * Fraction(2) ** form.largest
    beyond = Fraction(2) ** (form.largest + 1)
    halfway = (largest + beyond) / 2
    assert Fraction(nearest(largest, dtype)) == largest
    assert nearest(halfway, dtype) == INF, "half to even: the even one is infinity"
    assert Fraction(nearest(halfway - Fraction(1, 10**20), dtype)) == largest
    assert nearest(-beyond, dtype) == -INF
    least = Fraction(2) ** form.finest
    assert Fraction(nearest(least, dtype)) == least
    assert nearest(least / 2, dtype) == 0, "half to even: the even one is 0"
    assert Fraction(nearest(least / 2 * Fraction(10**30 + 1, 10**30), dtype)) == least
    assert math.copysign(1, nearest(-least / 4, dtype)) == -1
    assert ulp(0, dtype) == ulp(least, dtype) == ulp(Fraction(2) ** form.least, dtype) == mp.ldexp(1, form.finest)
    assert ulp(beyond * 8, dtype) == ulp(largest, dtype) == mp.ldexp(1, form.largest - form.bits + 1)


def test_numbers_that_no_float_holds() -> None:
    with mp.workdps(60):
        tiny, huge = mp.exp(-(mp.mpf(10) ** 30)), mp.exp(mp.mpf(10) ** 30)
    assert (nearest(tiny, "float64"), nearest(-huge, "float64")) == (0, -INF)
    # one bit beyond half, 400 digits down, at mpmath's 15 digits of the moment
    with mp.workdps(450):
        above = 1 + mp.ldexp(1, -24) + mp.mpf(10) ** -400
    assert nearest(above, "float32") == 1 + 2.0**-23
    assert nearest(mp.mpf(1) + mp.ldexp(1, -24), "float32") == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_spacings(x: float) -> None:
    assert ulp(x, "float64") == math.ulp(x)
    with np.errstate(over="ignore"):
        single = np.float32(x)
    if np.isfinite(single) and float(single) == x:
        assert ulp(x, "float32") == abs(float(np.spacing(single)))


def test_errors_in_ulps() -> None:
    with mp.workdps(40):
        third = mp.mpf(1) / 3
        error = abs(third - mp.mpf(1 / 3)) * 2**54
    assert ulps(1 / 3, third, "float64") == pytest.approx(float(error), rel=1e-12)
    assert ulps(1 / 3, Fraction(1, 3), "float64") == pytest.approx(float(error), rel=1e-12)
    assert ulps(1 + 2.0**-22, mp.mpf(1), "float32") == 2
    assert ulps(0.0, mp.mpf(1), "float32") == 2.0**23
    assert ulps(2.0**-149, mp.mpf(0), "float32") == 1
    assert ulps(2.0**-148, mp.mpf(2) ** -149, "float32", terms=mp.mpf(1)) == 2.0**-149 / 2.0**-23
    assert ulps(1.5, mp.mpf(1), "float64", terms=mp.mpf(0.25)) == 2.0**51, "terms below the result do not count"
    assert ulps(1.5, mp.mpf(1), "float64", terms=mp.inf) == 2.0**51


@pytest.mark.parametrize(
    ("got", "exact", "expected"),
    [
        (math.nan, mp.nan, 0.0), (math.nan, mp.mpf(1), INF), (1.0, mp.nan, INF), (INF, mp.inf, 0.0),
        (INF, -mp.inf, INF), (-INF, -mp.inf, 0.0), (INF, mp.mpf(3), INF), (3.0, mp.inf, INF), (math.nan, mp.inf, INF),
        (INF, mp.nan, INF), (INF, mp.mpf(10) ** 39, 0.0), (-INF, mp.mpf(10) ** 39, INF), (0.0, mp.mpf(0), 0.0),
        (-0.0, mp.mpf(0), 0.0), (float(np.finfo(np.float32).max), mp.ldexp(1, 128), 1.0),
    ],
)  # fmt: skip
def test_what_is_not_finite(got: float, exact: object, expected: float) -> None:
    assert ulps(got, exact, "float32") == expected


def test_an_unknown_dtype_is_refused() -> None:
    for call in (lambda: nearest(1, "float8"), lambda: ulp(1, "half"), lambda: ulps(1.0, 1, "double")):
        with pytest.raises(ValueError, match=r"unknown dtype .*float16, bfloat16, float32, float64"):
            call()

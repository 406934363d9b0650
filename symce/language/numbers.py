"""The numbers of a statement: exact, of the size that floating point has, and combined without taking long."""

from __future__ import annotations

from fractions import Fraction

from symce.language import grammar as G


class NumberRefused(ValueError):
    """A number, or a combination of two, that the language does not allow; ``remedy`` says what it does."""

    def __init__(self, message: str, remedy: str = "", *, right: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        #: whether the operand on the right is at fault, not the whole
        self.right = right


def number(text: str) -> Fraction:
    """The value of a decimal number, exactly. Raises NumberRefused."""
    if len(text) > G.DIGITS:
        raise NumberRefused(f"a number of {len(text)} characters; at most {G.DIGITS} are allowed")
    if not G.NUMBER.match(text):
        raise NumberRefused(f"{text!r} is no number of this language", "Write 2, 0.5 or 1e-3.")
    return _bounded(Fraction(text))


def combine(function: str, left: Fraction | None, right: Fraction | None) -> Fraction | None:
    """What an operator makes of two numbers; None is what no number is known of. Raises NumberRefused."""
    if function == "div" and right == 0:
        raise NumberRefused("division by zero", right=True)
    if function == "pow" and right is not None and abs(right) > G.EXPONENT:
        raise NumberRefused("the exponent is too large", f"At most {G.EXPONENT}.", right=True)
    if left is None or right is None:
        return None
    match function:
        case "add":
            return _bounded(left + right)
        case "sub":
            return _bounded(left - right)
        case "mul":
            return _bounded(left * right)
        case "div":
            return _bounded(left / right)
    return _power(left, right)


def of_function(function: str, value: Fraction | None) -> None:
    """Raise NumberRefused where a function has no real value at a number."""
    if value is not None and ((function == "log" and value <= 0) or (function == "sqrt" and value < 0)):
        raise NumberRefused(f"{function}({plain(value)}) is no real number")


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if (base < 0 and exponent.denominator != 1) or (base == 0 and exponent <= 0):
        raise NumberRefused(f"{plain(base)} to the power of {plain(exponent)} is no real number")
    if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent) > G.BITS:
        raise NumberRefused(f"a power of more than {G.BITS} bits")
    return _bounded(base**exponent.numerator) if exponent.denominator == 1 else None


def _bounded(value: Fraction) -> Fraction:
    if abs(value) > G.LARGEST or 0 < abs(value) * G.LARGEST < 1:
        raise NumberRefused("a number beyond 1e300, or nearer to 0 than 1e-300")
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > G.BITS:
        raise NumberRefused(f"a number of more than {G.BITS} bits")
    return value


def plain(value: Fraction) -> str:
    """A number as a message shows it."""
    return str(value) if value.denominator == 1 and abs(value) < 10**15 else f"{float(value):g}"

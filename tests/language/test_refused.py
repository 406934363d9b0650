"""What is refused, with the place that the caret shows and what the message says."""

from __future__ import annotations

import ast
import builtins
import pickle
from pathlib import Path
from typing import Any

import pytest
from language.statements import loss

from symce.language import grammar as G
from symce.language.errors import LossError, Source
from symce.losses import catalogue
from symce.losses.loss import Loss, Param
from symce.targets.interface import RESERVED

#: the text, with ^ before the place at fault; and a part of the message
REFUSED: list[tuple[str, str]] = [
    # names
    ("-log(^q[c])", "unknown name 'q'"),
    ("^gama*p[c]", "unknown name 'gama'"),
    ("p[c] + ^softpluss(z[c])", "Did you mean softplus?"),
    ("p[c]*^print", "unknown name 'print'"),
    ("^__import__(1)", "unknown name '__import__'"),
    ("p[^__k__]", "not bound"),
    ("p[c] + ^Sum", "Sum is a function"),
    ("p[c]*^p", "p is a vector over the classes"),
    ("p[c]*^w", "Give it an index: w[k]."),
    ("p[c]*^gamma[c]", 'Give the parameter shape = "K".'),
    # what Python has and the language has not
    ("^p.__class__", "attribute access is not allowed"),
    ("^().__class__.__bases__[0]", "attribute access is not allowed"),
    ("^z[c].real", "attribute access"),
    ("^z.T[c]", "attribute access"),
    ("^'a'*p[c]", "a string is not allowed"),
    ("^b'a'*p[c]", "a string is not allowed"),
    ("^f'{p[c]}'", "a string is not allowed"),
    ("p[^'c']", "an index is a name"),
    ("p[^0]", "an index is a name"),
    ("p[^-1]", "an index is a name"),
    ("p[^c:c]", "an index is a name"),
    ("p[^c, c]", "an index is a name"),
    ("p[^p[c]]", "an index is a name"),
    ("^p[c][c]", "an index of an index"),
    ("^[p[c]]", "a list is not allowed"),
    ("^{p[c]}", "a set is not allowed"),
    ("^{1: p[c]}", "a dict is not allowed"),
    ("^(p[c], 1)", "a tuple is not allowed"),
    ("^[k for k in z]", "a comprehension is not allowed"),
    ("Sum(^(z[k] for k in z), k)", "a comprehension is not allowed"),
    ("(^lambda: 1)()", "a lambda is not allowed"),
    ("^lambda: 1", "a lambda is not allowed"),
    ("(^a := p[c])", "an assignment is not allowed"),
    ("^min(*z)", "takes 2 to 8 argument(s)"),
    ("min(^*z, p[c])", "a starred argument is not allowed"),
    ("log(x=^p[c])", "keyword arguments"),
    ("Sum(z[k], k, start=^1)", "keyword arguments"),
    ("log(**^z)", "keyword arguments"),
    ("^p[c] if 1 else 2", "an if expression is not allowed"),
    ("^p[c] and z[c]", "and, or is not allowed"),
    ("^not p[c]", "this operator is not allowed"),
    ("^~p[c]", "this operator is not allowed"),
    ("^p[c] // 2", "this operator is not allowed"),
    ("^p[c] % 2", "this operator is not allowed"),
    ("^p[c] @ z[c]", "this operator is not allowed"),
    ("^p[c] ^^ 2", "this operator is not allowed"),
    ("^p[c] < z[c]", "a comparison is not allowed"),
    ("^log(p[c])(1)", "a call is not allowed"),
    ("(^yield)", "yield is not allowed"),
    ("^await p", "await is not allowed"),
    ("^True*p[c]", "'True' is no number"),
    ("^None", "'None' is no number"),
    ("^...", "'...' is no number"),
    ("p[c] ^# comment", "'#' is not allowed"),
    ("p[c]^; 1", "';' is not allowed"),
    ("p[c] + ^\\\n1", "is not allowed"),
    # no expression at all
    ("^", "is empty"),
    ("^  \n ", "is empty"),
    ("p[c] ^=", "is no expression"),
    ("import os", "is no expression"),
    ("p[c] p[c]", "is no expression"),
    ("p[c", "is no expression"),
    ("p[c]^)", "is no expression"),
    # numbers
    ("p[c]*^1j", "is no number"),
    ("p[c]*^0x10", "is no number"),
    ("p[c]*^1_000", "is no number"),
    ("p[c]*^1e9999", "is no number"),
    ("p[c]*^1e301", "beyond 1e300"),
    ("p[c]*^1e-301", "nearer to 0 than 1e-300"),
    ("p[c] + ^1e200*1e200", "beyond 1e300"),
    (f"p[c]*^{'9' * 41}", "a number of 41 characters; at most 40"),
    ("p[c]**^65", "the exponent is too large"),
    ("p[c]**(^2*40)", "the exponent is too large"),
    ("p[c]**^9**9", "is too large"),
    ("p[c] + ^(2**64)**64", "a power of more than"),
    ("p[c] + ^(1e300)**64", "a power of more than"),
    ("p[c] + ^8**64*8**64*8**64*8**64*8**64*8**64", "beyond 1e300"),
    ("p[c]/^0", "division by zero"),
    ("p[c]/(^1 - 1)", "division by zero"),
    ("p[c] + ^log(0)", "log(0) is no real number"),
    ("p[c] + ^log(-2)", "log(-2) is no real number"),
    ("p[c] + ^sqrt(-1/2)", "sqrt(-0.5) is no real number"),
    ("p[c] + ^0**0", "is no real number"),
    ("p[c] + ^(-2)**0.5", "-2 to the power of 0.5 is no real number"),
    # indices
    ("p[^k]", "the index 'k' is not bound"),
    ("Sum(p[k], k) + p[^k]", "the index 'k' is not bound"),
    ("Sum(p[^l], k)", "Bound here: c, k."),
    ("Sum(Sum(p[k], ^k), k)", "the index 'k' is bound twice"),
    ("Sum(logsumexp(z[k], ^k)*p[k], k)", "bound twice"),
    ("Sum(^k*p[k], k)", "k is an index of classes, not a number"),
    ("p[c]*^c", "c is an index of classes, not a number"),
    ("Sum(p[k], ^c)", "'c' cannot be an index"),
    ("Sum(p[k], ^K)", "'K' cannot be an index"),
    ("Sum(gamma*p[k], ^gamma)", "'gamma' cannot be an index"),
    ("Sum(p[k], ^log)", "'log' cannot be an index"),
    ("^Sum(p[k], 1)", "takes an expression and an index"),
    ("^Sum(p[k])", "takes an expression and an index"),
    ("^logsumexp(z[k], (k, 1, K))", "takes an expression and an index"),
    # functions
    ("^log(p[c], 2)", "log takes 1 argument(s), not 2"),
    ("^max(p[c])", "max takes 2 to 8 argument(s), not 1"),
    ("^where(p[c] < 1, 2)", "where takes 3 arguments, not 2"),
    ("where(^p[c], 1, 2)", "the condition of where is one comparison"),
    ("where(^0 < p[c] < 1, 1, 2)", "the condition of where is one comparison"),
    ("where(^p[c] in z, 1, 2)", "the condition of where is one comparison"),
    ("where(^p[c] < 1 or p[c] > 2, 1, 2)", "the condition of where is one comparison"),
    ("Sum(where(^k < c, p[k], 1), k)", "indices are compared by == and != alone"),
    ("Sum(where(^k == k, p[k], 1), k)", "compared with itself"),
    ("Sum(where(^k == 1, p[k], 1), k)", "k is an index of classes, not a number"),
    # what goes with another kind of target
    ("Sum(^y[k]*log(p[k]), k)", "y cannot be used here"),
    ("^s[c]", "s cannot be used here"),
    # letters that only look right
    ("^ｐ[c]", "is not allowed"),
    ("p[c] ^− 1", "'\\u2212' is not allowed"),
    ("^γ*p[c]", "'\\u03b3' is not allowed"),
    ("p[c]^\u202e", "'\\u202e' is not allowed"),
    ("p[c]^\0", "'\\x00' is not allowed"),
    ("p[c]^\x1b[2J", "'\\x1b' is not allowed"),
    ("p[c]^\ud800", "'\\ud800' is not allowed"),
    ("p[c]^\r\n + 1", "'\\r' is not allowed"),
    # too much
    ("(" * 40 + "^(" + "p[c]" + ")" * 41, "brackets are nested more than 40 deep"),
    ("-" * 41 + "^p[c]", "nested more than 40 deep"),
    ("^" + "p[c]+" * 500 + "1", "2501 characters; at most 2000"),
    ("K+" * 100 + "^K+" + "K+" * 199 + "p[c]", "more than 400 nodes"),
    ("^" + "p[c]" + " " * 2000, "2004 characters"),
    # losses that are none
    ("^1 + K", "the value does not depend on the logits"),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "part"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_refused(marked: str, part: str) -> None:
    """The message, the line and column, and the caret below the place. ``^^`` is the character, not the mark."""
    text = marked.replace("^^", "\1")
    place = text.find("^")
    text = text.replace("^", "", 1).replace("\1", "^")
    with pytest.raises(LossError) as raised:
        loss(text)
    error = raised.value
    assert part in str(error)
    assert str(error).startswith(f"<loss sample>:{error.line}:{error.column}: value: ")
    if place >= 0:
        before = text[:place]
        assert error.line == 1 + before.count("\n")
        assert error.column == 1 + len(before) - (before.rfind("\n") + 1)
    source, caret = error.source_line, error.caret_line
    assert caret.strip() == "^"
    assert f"\n    {source}\n    {caret}" in str(error)
    if place >= 0 and text[place : place + 1].isalnum() and text.isascii() and text.isprintable():
        assert source[len(caret) - 1] == text[place]
    assert "\x1b" not in str(error)
    assert "\0" not in str(error)
    assert len(max(str(error).split("\n"), key=len)) < 300


@pytest.mark.parametrize(
    ("value", "target", "part"),
    [
        ("-log(p[c])", "distribution", "the index 'c' is not bound"),
        ("-log(p[c])", "none", 'c, the true class, goes with target = "index"'),
        ("Sum(y[k]*p[k], k)", "none", "It goes with target = 'distribution' or 'weights' or 'multilabel'"),
        ("Sum(s[k]*y[k], k)", "weights", "It goes with target = 'multilabel'; here it is 'weights'"),
        ("-log(p[c])", "inedx", "Did you mean index?"),
        ("Sum(y[k], k)", "weights", "the value does not depend on the logits"),
    ],
)
def test_refused_with_this_target(value: str, target: str, part: str) -> None:
    with pytest.raises(LossError) as raised:
        loss(value, target)
    assert part in str(raised.value)


@pytest.mark.parametrize(
    ("logits", "part"),
    [
        ("T", "the inner map does not hold z[k]"),
        ("z[k] + Sum(z[l], l)", "Sum is not allowed in an inner map"),
        ("z[k] - logsumexp(z[l], l)", "logsumexp is not allowed in an inner map"),
        ("z[c]", "An inner map is written in the index k alone"),
        ("z[j]", "An inner map is written in the index k alone"),
        ("log(p[k])", "p cannot be used here"),
        ("z[k] + where(k == c, 1, 0)", "the index 'c' is not bound"),
    ],
)
def test_refused_inner_maps(logits: str, part: str) -> None:
    with pytest.raises(LossError) as raised:
        loss("-log(p[c])", logits=logits)
    assert part in str(raised.value)
    assert ": logits: " in str(raised.value)


def test_an_inner_map_without_effect() -> None:
    with pytest.raises(LossError, match="the inner map has no effect"):
        loss("-z[c]", logits="z[k]/T")


def test_refused_closed_form() -> None:
    with pytest.raises(LossError, match="expected: unknown name 'q'"):
        Loss("sample", "A sample", "index", "-log(p[c])", expected="p[j] - q[j]")


def declared(**changes: Any) -> Loss:
    fields: dict[str, Any] = {"name": "sample", "title": "A sample", "target": "index", "value": "-gamma*log(p[c])"}
    fields["params"] = (Param("gamma", default=2.0),)
    return Loss(**{**fields, **changes})


def with_param(name: Any = "gamma", **changes: Any) -> Loss:
    return declared(value=f"-{name}*log(p[c])", params=(Param(name, **changes),))


NAMES = ["", "Focal", "9a", "a b", "a-b", "lambda", "class", "__init__", "a__b", "_a", "a\n", "naïve", "a" * 41, "../x"]


@pytest.mark.parametrize("name", [*NAMES, "numpy", "functional", "print", "log", "con", "z", 3, None, "\x1b[2J"])
def test_refused_loss_names(name: Any) -> None:
    with pytest.raises(LossError, match="name: ") as raised:
        declared(name=name)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    "name", [*NAMES[2:], "z", "p", "K", "c", "k", "j", "a", "L", "log", "Sum", "weight", "np", "len", "sample", 3, None]
)
def test_refused_parameter_names(name: Any) -> None:
    with pytest.raises(LossError, match="cannot name a parameter"):
        with_param(name)


def test_names_of_generated_code_are_reserved(checkout: Path) -> None:
    """A parameter cannot take a name that a generated module already uses for something else."""
    assert set(RESERVED) - G.RESERVED - set(dir(builtins)) == set()
    own: set[str] = set()
    modules = [p for p in sorted((checkout / "generated" / "symce_kernels").glob("*/*.py")) if p.stem in catalogue()]
    for path in modules:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                own |= {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
    parameters = {p.name for loss in catalogue().values() for p in loss.params}
    private = {"adjusted"}
    assert "reduction" in own
    left_out = {n for n in own - parameters - private - G.RESERVED if G.why_no_name(n) == ""}
    assert left_out == set(), "add them to symce.language.grammar.RESERVED"


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"title": ""}, "title: must be one printable line"),
        ({"title": "a\nb"}, "title: must be one printable line"),
        ({"title": 3}, "title: must be a string, not int"),
        ({"doc": "a\x00"}, "doc: must be printable text"),
        ({"reference": "a" * 2001}, "reference: must be printable text of at most 2000"),
        ({"value": None}, "value: must be a string, not NoneType"),
        ({"target": ["index"]}, "target: must be a string"),
        ({"params": ()}, "unknown name 'gamma'"),
        ({"params": (Param("gamma"), Param("gamma"))}, "the parameter 'gamma' is declared twice"),
        ({"params": (Param("gamma"), Param("beta"))}, "the parameter 'beta' is used neither in value nor in logits"),
        ({"params": ("gamma",)}, "params: holds str"),
    ],
)
def test_refused_fields(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(LossError) as raised:
        declared(**changes)
    assert part in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"domain": "positiv"}, "Did you mean positive?"),
        ({"domain": 3}, "3 is no domain"),
        ({"shape": "N"}, "'N' is no shape"),
        ({"default": "2"}, "the default '2' is no number"),
        ({"default": True}, "the default True is no number"),
        ({"default": float("nan")}, "the default nan is no number"),
        ({"default": float("inf")}, "the default inf is no number"),
        ({"default": 10**5000}, "of so many digits is no number"),
        ({"default": -1.0, "domain": "nonnegative"}, "the default -1.0 lies outside the domain 'nonnegative'"),
        ({"default": 0.0, "domain": "positive"}, "outside the domain"),
        ({"default": 1.5, "domain": "unit"}, "outside the domain"),
        ({"doc": 3}, "params.gamma.doc: must be a string"),
        ({"symbol": "\\input{/etc/passwd}"}, "is no letter"),
        ({"symbol": "\\write18"}, "is no letter"),
        ({"symbol": "\\gamma_"}, "is no letter"),
        ({"symbol": "$x$"}, "is no letter"),
    ],
)
def test_refused_parameters(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(LossError) as raised:
        with_param(**changes)
    assert part in str(raised.value)


@pytest.mark.parametrize("symbol", ["", "x", "\\gamma", "\\varepsilon_0", "\\gamma_{pos}", "T_c"])
def test_accepted_symbols(symbol: str) -> None:
    assert with_param(symbol=symbol).params[0].symbol == symbol


def test_a_vector_parameter_needs_an_index() -> None:
    with pytest.raises(LossError, match="w is a vector over the classes"):
        declared(value="-w*log(p[c])", params=(Param("w", shape="K"),))


def test_an_error_travels() -> None:
    """It says the same after it was sent to another process."""
    error = LossError("is wrong", Source("f.toml", "value", "p[c] +\n q[c]", 3, 10), 9, "Write p.")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert (again.file, again.line, again.column) == ("f.toml", 4, 3)
    assert str(error) == "f.toml:4:3: value: is wrong\n     q[c]\n      ^\n  Write p."

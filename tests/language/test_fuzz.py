"""Whatever text is given, the parser accepts it or raises LossError, runs none of it, and takes no time to speak of."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language.statements import PARAMS
from language.statements import loss as stated

from symce.language import tree as T
from symce.language.errors import LossError
from symce.language.grammar import CALLS
from symce.losses.loss import Loss, Param
from symce.losses.toml import loads_toml

SECONDS = 2.0
TARGETS = ("index", "distribution", "weights", "multilabel", "none")
#: audit events that would mean that something of the text was run, or that a file was opened
RUNNING = ("exec", "open", "os.", "subprocess.", "socket.", "ctypes.", "pty.", "shutil.")

_running: list[str] | None = None


def _audit(event: str, args: tuple[Any, ...]) -> None:
    # importing a module of symce for the first time runs its code, which is none of the text's
    if _running is not None and event.startswith(RUNNING):
        _running.append(event)


def read(text: str, target: str, state: Callable[[str, str], Loss]) -> Loss | None:
    """The loss, or None if it is refused; fails for any other outcome, any audit event and for taking long."""
    global _running
    _running = []
    started = time.perf_counter()
    loss, said = None, ""
    try:
        loss = state(text, target)
    except LossError as error:
        said = str(error)
    finally:
        events, _running = _running, None
    assert time.perf_counter() - started < SECONDS
    assert events == []
    assert (loss is None) == (said != "")
    return loss


@pytest.fixture(autouse=True, scope="module")
def audit() -> None:
    sys.addaudithook(_audit)  # it cannot be removed; outside ``read`` it does nothing


def in_python(text: str, target: str) -> Loss:
    """The text as value, with the parameters that it names."""
    return stated(text, target)


def as_inner_map(text: str, target: str) -> Loss:
    value = "Sum(eps*T*gamma*w[k]*t[k]*p[k], k)"
    return Loss("sample", "A sample", target, value, PARAMS, text)  # type: ignore[arg-type]


def as_name(text: str, target: str) -> Loss:
    return Loss(text, text, target, "Sum(p[k]**2, k)", (), doc=text, reference=text)  # type: ignore[arg-type]


def as_parameter(text: str, target: str) -> Loss:
    param = Param(text, domain=text, shape=text, doc=text, symbol=text)  # type: ignore[arg-type]
    return Loss("sample", "A sample", target, f"Sum(p[k]**2, k) + {text}", (param,))  # type: ignore[arg-type]


def in_toml(text: str, target: str) -> Loss:
    return loads_toml(f'[loss]\nname = "sample"\ntitle = "A"\ntarget = "{target}"\nvalue = "{text}"\n')


def as_toml(text: str, target: str) -> Loss:
    return loads_toml(text)


STATES = (in_python, as_inner_map, as_name, as_parameter, in_toml, as_toml)

# --- texts -----------------------------------------------------------------------------------------------------------

WORDS = (
    *CALLS, "z", "p", "y", "s", "c", "k", "l", "K", "gamma", "w", "t", "0", "1", "2", "0.5", "1e300", "1e-300", "64",
    "9" * 39, "+", "-", "*", "/", "**", "(", ")", "[", "]", ",", "==", "!=", "<", ">=", " ", "\n",
)  # fmt: skip
FOREIGN = (
    "__import__", "('os')", ".system", "lambda", ":", ":=", "for", "in", "if", "else", "'", '"', "f'{", "}'", "{", "}",
    "not", "and", "await", "yield", "=", "*", "**", "...", "None", "True", "1j", "0x", "_", "__class__", "@", "%",
    "//", "~", "^", "|", "&", "<<", "#", ";", "\\", "\t", "\r", "\0", "\ud800", "ａ", "σ", "\u202e", "9" * 60, "1e9999",
    "\x0c",
)  # fmt: skip

words = st.lists(st.sampled_from(WORDS), max_size=60).map("".join)
foreign = st.lists(st.sampled_from(WORDS + FOREIGN), max_size=60).map("".join)
anything = st.text(max_size=200)
nested = st.builds(
    lambda opening, n, inner, closing: opening * n + inner + closing * n,
    st.sampled_from(
        ["(", "[", "{", "-", "+", "~", "not ", "log(", "Sum(", "p[", "2**", "z[c]+", "lambda:", "min(1,", "''"]
    ),
    st.integers(0, 700),
    st.sampled_from(["", "p[c]", "1", "z[k]"]),
    st.sampled_from(["", ")", "]", "}", ",k)", "**9", "/7"]),
)


def scalars(indices: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Statements of the language, mostly right, with ``indices`` bound around them."""
    leaves = st.one_of(
        st.builds("{}[{}]".format, st.sampled_from("zpysw"), st.sampled_from((*indices, "c"))),
        st.sampled_from(["K", "gamma", "1", "2", "0.5", "1e-3", "3"]),
    )

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        new = f"i{len(indices)}"
        branches = [
            st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner),
            st.builds("{}({})".format, st.sampled_from(CALLS[3:]), inner),
            st.builds("where({} {} {}, {}, {})".format, inner, st.sampled_from(["<", "==", ">="]), inner, inner, inner),
        ]
        if len(indices) < 3:
            body = st.deferred(lambda: scalars((*indices, new)))
            branches.append(st.builds("{}({}, {})".format, st.sampled_from(["Sum", "logsumexp"]), body, st.just(new)))
        return st.one_of(branches)

    return st.recursive(leaves, grow, max_leaves=12)


statements = scalars(())


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A statement in which a few places were cut out, doubled or replaced."""
    text = draw(statements)
    for _ in range(draw(st.integers(1, 4))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 6))
        put = draw(st.one_of(st.sampled_from(WORDS + FOREIGN), st.just(text[at : at + length] * 2)))
        text = text[:at] + put + text[at + length :]
    return text


texts = st.one_of(words, foreign, anything, nested, statements, mutated())
cases = given(texts, st.sampled_from(TARGETS), st.sampled_from(STATES))


@cases
@settings(max_examples=300)
def test_any_text(text: str, target: str, state: Callable[[str, str], Loss]) -> None:
    read(text, target, state)


@pytest.mark.long
@cases
@settings(max_examples=12_000)
def test_any_text_at_length(text: str, target: str, state: Callable[[str, str], Loss]) -> None:
    read(text, target, state)


@given(st.one_of(statements, mutated()), st.sampled_from(TARGETS))
@settings(max_examples=200)
def test_what_is_accepted_is_of_the_language(text: str, target: str) -> None:
    """An accepted statement has only nodes of the language, and every index is bound."""
    loss = read(text, target, in_python)
    if loss is not None:
        check(loss.statement, frozenset({"c"} if target == "index" else ()), target)


def check(tree: T.Tree, bound: frozenset[str], target: str) -> None:
    match tree:
        case T.Number(value):
            assert value == 0 or 1e-301 < abs(value) < 1e301
        case T.Scalar(name):
            assert name in ("K", "gamma", "eps", "T")
        case T.Item(base, index):
            assert index in bound
            assert base in ("z", "p", "w", "t") or target not in ("none", "index")
            assert base != "s" or target == "multilabel"
        case T.Apply(function, args):
            assert function in T.OPERATORS + T.FUNCTIONS
            for a in args:
                check(a, bound, target)
        case T.Sum(body, index) | T.LogSumExp(body, index):
            assert index not in bound
            check(body, bound | {index}, target)
        case T.Where(condition, then, otherwise):
            if isinstance(condition, T.IndexEqual):
                assert {condition.left, condition.right} <= bound
            else:
                check(condition.left, bound, target)
                check(condition.right, bound, target)
            check(then, bound, target)
            check(otherwise, bound, target)
        case _:
            pytest.fail(f"{type(tree).__name__} is no node of the language")


def test_the_fuzz_accepts_and_refuses() -> None:
    """The statements above are not all refused: else nothing would be tested."""
    accepted = ["Sum((p[i0] ** 2), i0)", "where(z[c] < 2, p[c], (1 - p[c]))", "logsumexp((z[i0] * K), i0)"]
    assert all(read(text, "index", in_python) for text in accepted)
    assert read("Sum(p[i0], i0) + __import__('os').system('true')", "index", in_python) is None


def test_the_audit_hook_notices() -> None:
    with pytest.raises(AssertionError):
        read("p[c]", "index", lambda text, target: exec(text.replace("p[c]", "pass")))  # type: ignore[func-returns-value]

"""A loss as a TOML file: it says what a declaration in Python would, and errors stand where the file is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from symce.language.errors import LossError
from symce.losses.loss import Loss, Param
from symce.losses.places import places
from symce.losses.toml import SIZE, load_toml, loads_toml

POLY1 = """\
# a comment with [loss] and value = "no"
[loss]
name = "poly1"
title = "Poly-1 loss"
target = "distribution"
value = "-Sum(y[k]*log(p[k]), k) + eps*(1 - Sum(y[k]*p[k], k))"
logits = "z[k]/T"
reference = "Leng et al. 2022, arXiv 2204.12511, eq. 6"
[params]
eps = { default = 1, domain = "real", doc = "weight of the } first # term", symbol = '\\epsilon_{1}' }
T = { domain = "positive" }
"""


def test_it_says_what_python_says(tmp_path: Path) -> None:
    path = tmp_path / "poly1.toml"
    path.write_text(POLY1, encoding="utf-8")
    in_python = Loss(
        "poly1",
        "Poly-1 loss",
        "distribution",
        "-Sum(y[k]*log(p[k]), k) + eps*(1 - Sum(y[k]*p[k], k))",
        (
            Param("eps", default=1.0, doc="weight of the } first # term", symbol="\\epsilon_{1}"),
            Param("T", domain="positive"),
        ),
        "z[k]/T",
        "Leng et al. 2022, arXiv 2204.12511, eq. 6",
    )
    loaded = load_toml(path)
    assert loaded == in_python == loads_toml(POLY1)
    assert loaded.source_file == str(path)
    assert loaded.statement == in_python.statement
    assert [type(p.default) for p in loaded.params] == [float, type(None)]


@pytest.mark.parametrize(
    "written",
    [
        POLY1.replace("\n", "\r\n"),
        "\ufeff" + POLY1,
        POLY1.replace("[params]\neps = {", "[params.eps]\n").replace(" }\nT = {", "\n[params.T]\n")
        .replace(", d", "\nd").replace(", symbol", "\nsymbol").replace('"positive" }', '"positive"'),
        POLY1.replace("[loss]\n", "").replace("[params]\n", "").replace("\neps =", "\nparams.eps =")
        .replace("\nT =", "\nparams.T =").replace("\nname", "\nloss.name").replace("\ntitle", '\n"loss" . title')
        .replace("\ntarget", "\nloss.target").replace("\nvalue", "\nloss.'value'").replace("\nlog", "\nloss.log")
        .replace("\nref", "\nloss.ref"),
    ],
    ids=["crlf", "bom", "tables", "dotted"],
)  # fmt: skip
def test_other_ways_to_write_it(written: str, tmp_path: Path) -> None:
    path = tmp_path / "poly1.toml"
    path.write_bytes(written.encode())
    assert load_toml(path) == loads_toml(POLY1)


#: what is replaced by what, the marked part of the file's line below which the caret stands, and a part of the message
WRONG = [
    ("eps*(1", "epz*(1", "epz*(1", "value: unknown name 'epz'\n"),
    ('"real"', '"rael"', '{ default', "Did you mean real?"),
    ("default = 1,", "default = true,", "{ default", "the default True is no number"),
    ("default = 1,", 'default = "1",', "{ default", "the default '1' is no number"),
    ("default = 1,", "default = nan,", "{ default", "no number"),
    ("default = 1,", "default = [1],", "{ default", "no number"),
    ("default = 1,", f"default = {'9' * 400},", "{ default", "no number"),
    ("default = 1,", "defalt = 1,", "defalt", "Did you mean default?"),
    ('title = "', 'titel = "', "titel", "Did you mean title?"),
    ('title = "Poly-1 loss"', "", "[loss]", "title is missing"),
    ('title = "Poly-1 loss"', "title = 3", "3", "title: must be a string, not int"),
    ("z[k]/T", "T", "T", "logits: the inner map does not hold z[k]"),
    ("[params]", "[parameters]", "[parameters]", "unknown key 'parameters'"),
    ("distribution", "distribtion", "distribtion", "Did you mean distribution?"),
    ("poly1", "Poly1", "Poly1", "cannot name a loss"),
    ("T = {", "lambda = {", "{ domain", "it is a keyword of Python"),
    ("T = {", '"a b" = {', "{ domain", "cannot name a parameter"),
    ('T = { domain = "positive" }', "T = 3", "T = 3", "must be a table, not an integer"),
    ("z[k]/T", "z[k]", "{ domain", "the parameter 'T' is used neither in value nor in logits"),
    ("= { default", "= = { default", "=", "is no TOML"),
    ("[params]", "[params", "\n", "is no TOML"),
    ("title =", "name =", "", "is no TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "mark", "part"), WRONG)
def test_errors_stand_where_the_file_is_wrong(old: str, new: str, mark: str, part: str) -> None:
    assert old in POLY1
    text = POLY1.replace(old, new, 1) if old != "poly1" else POLY1.replace(old, new)
    with pytest.raises(LossError) as raised:
        loads_toml(text, "poly1.toml")
    error = raised.value
    assert part in str(error)
    assert str(error).startswith(f"poly1.toml:{error.line}:{error.column}: ")
    line = text.split("\n")[error.line - 1]
    if mark.strip():
        assert line[error.column - 1 :].startswith(mark)
    assert f"\n    {error.source_line}\n    {' ' * (len(error.caret_line) - 1)}^" in str(error)


def test_places_within_a_text_of_several_lines() -> None:
    text = POLY1.replace('value = "-Sum(y[k]*log(p[k]), k) +', 'value = """\n-Sum(y[k]*log(p[k]), k)\n  +')
    text = text.replace('p[k], k))"', 'p[k], k))\n"""')
    assert loads_toml(text).statement == loads_toml(POLY1).statement
    with pytest.raises(LossError) as raised:
        loads_toml(text.replace("eps*", "eqs*"), "f.toml")
    assert str(raised.value).startswith("f.toml:8:5: value: unknown name 'eqs'\n      + eqs*(1 - ")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "name is missing"),
        ("loss = 3", "must be a table, not an integer"),
        ("loss = [1]\n", "must be a table, not an array"),
        ("[loss]\n[params]\nx = 1979-05-27", "name is missing"),
        ("[[loss]]", "must be a table, not an array"),
        ("x = " + "[" * 5000, "nested too deep"),
        ("x = " + "{a=" * 5000, "nested too deep"),
        ("x = " + "9" * 5000, "too long a number"),
        ('[loss]\nvalue = "\0"', "is no TOML"),
        ("\ud800", "is no TOML"),
    ],
)
def test_refused_files(text: str, part: str) -> None:
    with pytest.raises(LossError) as raised:
        loads_toml(text)
    assert part in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_toml(tmp_path / "none.toml")
    path = tmp_path / "bad.toml"
    path.write_bytes(b"# \xff")
    with pytest.raises(LossError, match="the byte 0xff at offset 2 is not UTF-8"):
        load_toml(path)
    path.write_text("#" * (SIZE + 1))
    with pytest.raises(LossError, match=f"larger than {SIZE} bytes"):
        load_toml(path)


def test_offsets() -> None:
    """The place of each key and value, whatever TOML's ways to write them."""
    text = (
        "a = 1 # c = 2\n"
        "'b' . \"c\" = [ 'x = 1', [1, 2], {q = 1}, # ]\n 3 ]\n"
        'd = {e = "}", f = {g = [{h = 1}], i = \'"\'}}\n'
        '[t.u]\nv = """"q" \\" [x]\ny = 1"""\n'
        "w = '''\n'a'''''\n"
        "x = 2020-01-01T00:00:00Z\n"
        "[[l]]\nm = inf\n"
    )
    found = places(text)
    assert {path: text[at : at + 3] for path, at in found.keys.items()} == {
        ("a",): "a =", ("b", "c"): "'b'", ("d",): "d =", ("d", "e"): "e =", ("d", "f"): "f =", ("d", "f", "g"): "g =",
        ("d", "f", "i"): "i =", ("t", "u"): "[t.", ("t", "u", "v"): "v =", ("t", "u", "w"): "w =",
        ("t", "u", "x"): "x =", ("l",): "[[l", ("l", "m"): "m =",
    }  # fmt: skip
    assert {path[-1]: text[at : at + 3] for path, at in found.values.items()} == {
        "a": "1 #", "c": "[ '", "d": "{e ", "e": '}",', "f": "{g ", "g": "[{h", "i": "\"'}", "v": '"q"', "w": "'a'",
        "x": "202", "m": "inf",
    }  # fmt: skip


@pytest.mark.parametrize(("written", "number"), [("0.1", 0.1), ("-3", -3.0), ("+1e-3", 1e-3), ("0x10", 16.0)])
def test_a_default_is_the_number_that_is_written(written: str, number: float) -> None:
    default = loads_toml(POLY1.replace("default = 1,", f"default = {written},")).params[0].default
    assert default == number
    assert type(default) is float

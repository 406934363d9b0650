"""``new``: a starter file that derives and verifies as it stands, and whose comments say what is true."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields, replace

import pytest

from symce.cli.new import Kind
from symce.derivation.budget import DerivationError
from symce.derivation.derive import derive
from symce.language import grammar
from symce.language.declaration import DOMAINS, SHAPES, TARGETS
from symce.losses import Loss, Param
from symce.losses.toml import load_toml

KINDS = list(Kind)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_is_a_starter_for_every_kind_of_target():
    assert [str(k) for k in KINDS] == list(TARGETS)


@pytest.mark.long
def test_every_starter_derives_and_verifies_as_it_stands(run, here):
    files = []
    for kind in KINDS:
        assert run("new", f"my_{kind}", "--target", kind).status == 0
        files.append(f"my_{kind}.toml")
    result = run("derive", *files, "--out", here / "out", "--json")
    assert result.status == 0, result.err
    assert [loss["name"] for loss in result.json["losses"]] == [f"my_{kind}" for kind in KINDS]
    assert result.json["verify"]["ok"]
    verified = {(row["loss"], row["target"]) for row in result.json["verify"]["rows"]}
    assert verified == {(f"my_{kind}", target) for kind in KINDS for target in ("numpy", "torch")}
    assert result.json["check"]["ok"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_in_the_comment_is_the_one_that_is_derived(run, here, kind):
    assert run("new", "mine", "--target", kind).status == 0
    path = here / "mine.toml"
    assert load_toml(path).expected is None
    text = path.read_text()
    path.write_text(text.replace("# expected =", "expected ="))
    loss = load_toml(path)
    assert loss.expected
    derive(loss)
    with pytest.raises(DerivationError, match="could not be shown"):
        derive(replace(loss, expected=f"2*({loss.expected})"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_comments_name_every_key_and_every_choice(run, here, kind):
    run("new", "mine", "--target", kind)
    text = (here / "mine.toml").read_text()
    assert load_toml(here / "mine.toml").target == kind
    assert max(map(len, text.splitlines())) <= 120
    for key in ("name", "title", "target", "value", "logits", "reference", "doc", "expected"):
        before, _, _ = text.partition(f"\n{key} = ") if key != "expected" else text.partition("\n# expected = ")
        assert before != text, key
        assert before.splitlines()[-1].startswith("# "), f"no comment stands above {key}"
    comments = [line for line in text.splitlines() if line.startswith("#")]
    for words in (*TARGETS, *(f.name for f in fields(Param) if f.name != "name")):
        assert any(line.startswith(f"#   {words} ") for line in comments), words
    for word in (*DOMAINS, *(f'"{s}"' for s in SHAPES), *grammar.CALLS):
        assert any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line) for line in comments), word


def test_the_other_inner_maps_of_the_comment_may_be_used(run, here):
    run("new", "mine")
    (line,) = [line for line in (here / "mine.toml").read_text().splitlines() if line.startswith("# Others:")]
    temperature, prior = re.findall(r'"(z\[k\][^"]*)"', line)
    derive(Loss("warm", "Warm", "index", "-log(p[c])", (Param("T", "positive"),), logits=temperature))
    params = (Param("tau"), Param("prior", "positive", shape="K"))
    derive(Loss("adjusted_by_prior", "Adjusted", "index", "-log(p[c])", params, logits=prior))


@pytest.mark.parametrize("options", [(), ("--out", "of mine/first.toml"), ("--target", "none", "--out", "first.toml")])
def test_the_command_that_is_printed_next_runs(run, here, options):
    result = run("new", "mine", *options)
    assert result.status == 0
    assert result.err == ""
    wrote, *commands = result.out.splitlines()
    assert wrote.startswith("wrote ")
    for command, word in zip(commands, ("show", "derive"), strict=True):
        python, dash, module, name, *arguments = shlex.split(command.partition(": ")[2])
        assert (python, dash, module, name) == ("python", "-m", "symce", word)
        assert shlex.join([python, dash, module, name, *arguments]) in (here / arguments[0]).read_text()
        assert run(name, *arguments, *(["--no-verify", "--out", here / "out"] if name == "derive" else [])).status == 0


def test_the_same_in_json(run, here):
    document = run("new", "mine", "--target", "multilabel", "--json").json
    assert document["file"] == "mine.toml"
    assert document["target"] == "multilabel"
    assert document["next"] == ["python -m symce show mine.toml", "python -m symce derive mine.toml"]


def test_a_file_that_is_there_is_left_unless_forced(run, here):
    (here / "mine.toml").write_text("mine alone\n")
    result = run("new", "mine")
    assert result.status == 2
    assert "mine.toml: is there already" in result.err
    assert "--force" in result.err
    assert (here / "mine.toml").read_text() == "mine alone\n"
    assert run("new", "mine", "--force").status == 0
    assert load_toml(here / "mine.toml").name == "mine"
    assert [p.name for p in here.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My-Loss", "an ASCII letter, then"),
        ("MyLoss", "lower case"),
        ('"""', "an ASCII letter, then"),
        ("../up", "an ASCII letter, then"),
        ("lambda", "keyword"),
        ("a__b", "two underscores"),
        ("numpy", "generated code uses it"),
        ("p", "generated code uses it"),
        ("x" * 41, "at most 40 characters"),
        ("focal", "comes with symce"),
        ("", "an ASCII letter, then"),
    ],
)
def test_a_name_that_is_none_is_refused_by_the_languages_rules(run, here, name, says):
    result = run("new", name)
    assert result.status == 2
    assert says in result.err
    assert "Choose" in result.err
    assert "Traceback" not in result.err
    assert not list(here.iterdir())


@pytest.mark.parametrize("name", ["gamma", "alpha", "softmax", "x", "trailing_"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_is_one_gives_a_file_that_reads(run, here, name, kind):
    assert run("new", name, "--target", kind).status == 0
    assert load_toml(here / f"{name}.toml").name == name


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--out", "mine.txt"], "ends in .toml"),
        (["--out", "folder.toml"], "is a folder"),
        (["--out", "a\nb.toml"], "cannot be printed"),
        (["--target", "idnex"], "index"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_remedy(run, here, options, says):
    (here / "folder.toml").mkdir()
    result = run("new", "mine", *options)
    assert result.status == 2
    assert says in result.err
    assert "Traceback" not in result.err
    assert [p.name for p in here.iterdir()] == ["folder.toml"]

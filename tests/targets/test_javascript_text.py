"""The text of JavaScript kernels: as modules and as one script, whatever a user writes or calls things."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from targets.node import JavascriptError, Node, agree, write_package
from targets.programs import KERNELS, cross_entropy, focal, kernel, op
from targets.programs import Z as Z_ROW

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import Input, Let, Reduce, RowProgram, Var
from symce.kernel.kernel import KernelParam
from symce.targets import TARGETS
from symce.targets.javascript import script

Z, Q = [[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], [[0.3, 0.3, 0.4], [0.2, 0.5, 0.3]]


def test_the_script_has_the_losses_of_the_modules(node: Node, javascript: Path, tmp_path: Path) -> None:
    path = tmp_path / "symce.js"
    path.write_text(script(KERNELS), encoding="utf-8")
    assert node(path, script=str(path))["globals"] == ["symce"]
    assert set(node(path, script=str(path))["names"]) == {k.name for k in KERNELS} | {"softmax", "sigmoid"}
    for name, args in {
        "cross_entropy": (Z, [0, 1], {"labelSmoothing": 0.1}), "focal": (Z[0], 2, {"gamma": 0.5}),
        "binary_cross_entropy": (Z, Q), "entropy": (Z,), "taught": (Z, {"factor": [1, 2, 3]}),
    }.items():  # fmt: skip
        for function in ("value", "grad", "valueAndGrad"):
            mine = node(path, function, *args, script=str(path), loss=name)
            assert mine == node(javascript / f"{name}.js", function, *args)
        for known in ("parameters", "target"):
            assert node(path, known, script=str(path), loss=name) == node(javascript / f"{name}.js", known)
    assert node(path, "softmax", Z[0], script=str(path)) == node(javascript / "runtime.js", "softmax", Z[0])
    with pytest.raises(JavascriptError, match="RangeError: gamma: -1"):
        node(path, "value", Z, [0, 1], {"gamma": -1}, script=str(path), loss="focal")


HOSTILE = "*/ globalThis.bad = 1; /* </script><!--<SCRIPT> ` ${1} \\u002a \\ \" ' \u2028 \x00 // \n\n*/ bad()"


def test_text_of_a_user_stays_in_its_comment(node: Node, tmp_path: Path) -> None:
    param = KernelParam("alpha", "nonnegative", 1.0, "K", HOSTILE)
    made = replace(
        focal(), title=HOSTILE, doc=HOSTILE, reference=HOSTILE, value_text=HOSTILE, gradient_text=HOSTILE,
        params=(param, focal().params[1]),
    )  # fmt: skip

    def code(text: str) -> str:
        return re.sub(r"^ +doc: .*$", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL), flags=re.MULTILINE)

    module, plain = (TARGETS["javascript"].render(k)["javascript/focal.js"] for k in (made, focal()))
    assert code(module) == code(plain)
    text = script([made])
    assert code(text) == code(script([focal()]))
    assert not re.search(r"</script|<script|<!--", text, re.IGNORECASE)
    path = tmp_path / "symce.js"
    path.write_text(text, encoding="utf-8")
    assert node(path, script=str(path))["globals"] == ["symce"]
    assert node(path, "parameters", script=str(path), loss="focal")[0]["doc"] == re.sub("[\u2028\x00]", "", HOSTILE)


def test_words_of_javascript_are_no_names(node: Node, tmp_path: Path) -> None:
    """A parameter or a value may be called what Python allows and JavaScript does not."""
    words = ("function", "new", "sum", "k", "each", "constructor", "toString")
    u = [Input(word, "scalar") for word in words]
    lets = (Let("var", op("add", u[0], u[1])), Let("product", op("mul", Var("var", "scalar"), Z_ROW)))
    terms = op("mul", Var("product", "row"), op("add", u[2], op("add", u[3], op("add", u[4], op("add", u[5], u[6])))))
    program = RowProgram((Z_ROW, *u), lets, {"value": Reduce("sum", terms), "gradient": terms})
    params = tuple(KernelParam(word, "real", float(n), "", "") for n, word in enumerate(words))
    made = kernel("delete", "Words", "none", {"none": program}, params=params)
    write_package(tmp_path, [made])
    z = np.array(Z)
    given = {word: n + 0.5 for n, word in enumerate(words)}
    for options in ({}, given):
        expected = evaluate(program, logits=z, **({word: n for n, word in enumerate(words)} | options))
        got = node(tmp_path / "delete.js", "valueAndGrad", z, options | {"reduction": "none"})
        assert agree(got["grad"], expected["gradient"], 0)
        assert agree(got["value"], expected["value"], 0)
    assert "delete" in node(tmp_path / "index.js")["names"]
    path = tmp_path / "symce.js"
    path.write_text(script([made]), encoding="utf-8")
    assert node(path, "grad", z, script=str(path), loss="delete") == node(tmp_path / "delete.js", "grad", z)


def test_a_taken_name_is_refused() -> None:
    for name in ("index", "runtime", "softmax", "sigmoid"):
        with pytest.raises(ValueError, match=f"loss '{name}': the JavaScript package has a {name} of its own; rename"):
            TARGETS["javascript"].render(replace(focal(), name=name))
    made = replace(focal(), params=(KernelParam("ignoreIndex", "real", 1.0, "", ""),))
    with pytest.raises(ValueError, match="parameter name 'ignoreIndex' is that of an option; rename it"):
        script([made])
    with pytest.raises(ValueError, match="two losses are named 'focal'"):
        script([focal(), cross_entropy(), focal()])


def test_lines_are_short_and_end_well(javascript: Path, generated: Path) -> None:
    for path in (*javascript.iterdir(), *generated.glob("*.js")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert len(line) <= 120, (path.name, number)
            assert line == line.rstrip(), (path.name, number)


def test_the_text_does_not_depend_on_hashes_or_order(checkout: Path) -> None:
    code = "from targets.programs import KERNELS; from symce.targets.javascript import script; print(script(KERNELS))"
    path = os.pathsep.join([str(checkout), str(checkout / "tests")])
    texts = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert texts == {script(KERNELS[::-1]) + "\n"}

"""The generated C: its text, and that any C11 compiler takes it."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import symce_kernels
from symce.derivation.derive import derive
from symce.kernel.build import kernel as lowered
from symce.losses import catalogue
from symce.targets.native_c import c_source
from symce.targets.native_expressions import wrapped

SOURCES = Path(symce_kernels.__file__).parent / "native"
NAMES = tuple(sorted(catalogue()))
CC = os.environ.get("CC", "cc")
STRICT = (
    "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Wno-unused-function", "-Wno-unused-variable",
    "-Wno-unused-but-set-variable", "-Wno-unused-parameter", "-Wno-unknown-pragmas",
)  # fmt: skip
DTYPES = ("FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16")


# --- its text --------------------------------------------------------------------------------------------------------
def test_golden_functions_of_a_row_and_of_lanes(checkout: Path, request: pytest.FixtureRequest) -> None:
    text = c_source(lowered(derive(catalogue()["softmax_entropy"])))
    functions = [
        re.search(rf"^static [^\n]*\b{name}\(const struct row \*row\)\n{{\n.*?^}}\n", text, re.MULTILINE | re.DOTALL)
        for name in ("row_value_and_grad", "lanes_value_and_grad")
    ]
    printed = "\n".join(found[0] for found in functions if found)
    assert printed.count("\n}\n") == 2
    golden = checkout / "tests" / "golden" / "native_softmax_entropy.c.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8"), "run pytest --update-golden if this is what you want"


def test_the_text_does_not_depend_on_the_hash_seed(checkout: Path) -> None:
    script = """
import hashlib
from targets.programs import KERNELS
from symce.targets.native_c import c_source
print(hashlib.sha256("".join(map(c_source, KERNELS)).encode()).hexdigest())
"""
    said = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(checkout / "tests")}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        said.add(done.stdout)
    assert len(said) == 1


def test_a_long_directive_says_that_it_goes_on() -> None:
    """A loss with many sums of a row has a longer list of reductions than a line."""
    directive = f"#pragma omp simd reduction(+ : {', '.join(f'total_{n}_here' for n in range(20))})"
    lines = wrapped(directive, 8)
    assert len(lines) > 1
    assert all(len(line) <= 120 for line in lines)
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert " ".join(line.removesuffix("\\").strip() for line in lines) == directive
    assert wrapped(directive.removeprefix("#"), 8)[0][-1] != "\\"


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_at_most_120_characters_of_ascii(name: str) -> None:
    text = (SOURCES / f"{name}.c").read_text(encoding="ascii")
    assert [line for line in text.splitlines() if len(line) > 120] == []
    assert [line for line in text.splitlines() if line != line.rstrip() or "\t" in line] == []
    assert "\n\n\n" not in text
    assert text.endswith("}\n#endif\n")


@pytest.mark.parametrize("name", NAMES)
def test_it_includes_headers_of_c_alone(name: str) -> None:
    included = re.findall(r"^#include (.*)$", (SOURCES / f"{name}.c").read_text(), re.MULTILINE)
    assert included == ["<math.h>", "<stdint.h>", "<stdlib.h>", "<string.h>", "<omp.h>"]


# --- compilers -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_strict_c11_without_openmp_has_no_warnings(name: str) -> None:
    for dtype, wide in itertools.product(DTYPES, (False, True)):
        if dtype == "FLOAT64" and wide:
            continue
        flags = [*STRICT, f"-DSYMCE_{dtype}", *(["-DSYMCE_WIDE"] if wide else [])]
        flags += ["-Wno-pedantic"] if dtype == "FLOAT16" else []  # _Float16 is C23's
        done = subprocess.run(
            [CC, *flags, "-fsyntax-only", str(SOURCES / f"{name}.c")], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), dtype


def test_a_file_without_a_dtype_says_what_is_missing() -> None:
    done = subprocess.run(
        [CC, "-fsyntax-only", str(SOURCES / "nll_loss.c")], capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "name the dtype: -DSYMCE_FLOAT32" in done.stderr


@pytest.mark.parametrize("entry", ["value_index", "value_and_grad_index", "hvp_dense"])
def test_one_entry_alone(entry: str, tmp_path: Path) -> None:
    made = tmp_path / "one.o"
    flags = [*STRICT, "-DSYMCE_FLOAT32", "-DSYMCE_ONE", f"-DSYMCE_{entry.upper()}"]
    subprocess.run([CC, *flags, "-c", str(SOURCES / "cross_entropy.c"), "-o", str(made)], check=True)
    assert set(re.findall(rb"symce_[a-z_]+", made.read_bytes())) >= {f"symce_{entry}".encode()}
    others = {b"symce_value_index", b"symce_value_and_grad_index", b"symce_hvp_dense"} - {f"symce_{entry}".encode()}
    assert not others & set(re.findall(rb"symce_[a-z_]+", made.read_bytes()))

"""Loading: compiled once, kept, shared by processes that start at once; what others could write is refused."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

CALL = """
import numpy as np
from kernels_by_hand.native import cross_entropy
print(cross_entropy.value(np.array([[1.0, 2.0]]), np.array([1])))
"""
LOSS = "0.31326168751822286"
#: says on standard error which programs a process starts
WATCHED = """
import subprocess, sys
run = subprocess.run
def watched(command, **options):
    print("ran", *command, file=sys.stderr)
    return run(command, **options)
subprocess.run = watched
"""


def libraries(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.so"))


def close(text: str) -> bool:
    return abs(float(text) - float(LOSS)) < 1e-15


def test_a_warm_load_runs_no_compiler_and_changes_no_file(python: Run, tmp_path: Path) -> None:
    cache = tmp_path / "made" / "cache"
    cold = python(WATCHED + CALL, SYMCE_CACHE=str(cache))
    assert close(cold.stdout)
    assert "ran" in cold.stderr
    assert "-march=native" in cold.stderr
    assert "fast-math" not in cold.stderr
    before = {p: p.stat().st_mtime_ns for p in cache.iterdir()}
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert all(not p.stat().st_mode & 0o077 for p in before)
    assert not [p for p in before if p.name.startswith("tmp") or p.suffix in (".tmp", ".o")]
    warm = python(WATCHED + CALL, SYMCE_CACHE=str(cache))
    assert warm.stdout == cold.stdout
    assert "ran" not in warm.stderr
    assert {p: p.stat().st_mtime_ns for p in cache.iterdir()} == before


@pytest.mark.long
def test_processes_that_start_at_once_compile_once(written: Path, tmp_path: Path) -> None:
    cache, gate = tmp_path / "cache", tmp_path / "gate"
    script = f"""
import os, time
while not os.path.exists({str(gate)!r}):
    time.sleep(0.001)
"""
    environment = {**os.environ, "PYTHONPATH": str(written), "SYMCE_CACHE": str(cache)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WATCHED + "import numpy\n" + script + CALL],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(8)
    ]  # fmt: skip
    gate.touch()
    done = [process.communicate(timeout=120) for process in started]
    assert [p.returncode for p in started] == [0] * 8, done
    assert len({out for out, _ in done}) == 1
    assert close(done[0][0])
    assert len(libraries(cache)) == 1
    assert sum(err.count("cross_entropy.c") for _, err in done) == 1


@pytest.mark.long
def test_source_dtype_and_flags_have_libraries_of_their_own(python: Run, written: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(written, tmp_path / "copy")
    cache = tmp_path / "cache"
    load = "from kernels_by_hand.native._compile import load\nload('cross_entropy', {!r}, {})"
    for n, (dtype, wide) in enumerate((("float32", False), ("float64", False), ("float32", True), ("bfloat16", False))):
        python(load.format(dtype, wide), SYMCE_CACHE=str(cache))
        assert len(libraries(cache)) == n + 1
    source = copy / "kernels_by_hand/native/cross_entropy.c"
    source.write_text(source.read_text() + "\n/* changed */\n")
    python(load.format("float32", False), SYMCE_CACHE=str(cache), PYTHONPATH=str(copy))
    assert len(libraries(cache)) == 5
    compiler = tmp_path / "my-cc"
    compiler.write_text('#!/bin/sh\nexec cc "$@"\n')
    compiler.chmod(0o755)
    python(load.format("float32", False), SYMCE_CACHE=str(cache), CC=str(compiler))
    assert len(libraries(cache)) == 6


@pytest.mark.parametrize("damage", ["cut", "text", "unsealed", "old seal"])
@pytest.mark.long
def test_a_damaged_library_is_compiled_again(python: Run, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    python(CALL, SYMCE_CACHE=str(cache))
    (library,) = libraries(cache)
    whole = library.read_bytes()
    seal = library.with_name(library.name + ".sha256")
    if damage == "cut":
        library.write_bytes(whole[: len(whole) // 2])
    elif damage == "text":
        library.write_text("no library at all")
    elif damage == "unsealed":
        seal.unlink()
    else:
        seal.write_text("0" * 64)
    assert close(python(CALL, SYMCE_CACHE=str(cache)).stdout)
    assert library.stat().st_size == len(whole)
    assert "ran" not in python(WATCHED + CALL, SYMCE_CACHE=str(cache)).stderr


def test_a_damaged_index_of_compilers_is_made_again(python: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    python(CALL, SYMCE_CACHE=str(cache))
    for text in ("", "{", '{"x": {"version": 3}}', "[]", "null"):
        (cache / "compilers.json").write_text(text)
        assert close(python(CALL, SYMCE_CACHE=str(cache)).stdout)


def test_a_sealed_library_of_another_system_is_compiled_again(python: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    python(CALL, SYMCE_CACHE=str(cache))
    (library,) = libraries(cache)
    library.write_text("made for another system")
    seal = "from kernels_by_hand.native._cache import digest\nprint(digest(open({!r}, 'rb').read()), end='')"
    library.with_name(library.name + ".sha256").write_text(python(seal.format(str(library))).stdout)
    assert close(python(CALL, SYMCE_CACHE=str(cache)).stdout)


@pytest.mark.parametrize("what", ["folder", "library", "index"])
@pytest.mark.parametrize("bits", [stat.S_IWGRP, stat.S_IWOTH])
@pytest.mark.long
def test_what_others_can_write_is_refused(python: Run, tmp_path: Path, what: str, bits: int) -> None:
    cache = tmp_path / "cache"
    python(CALL, SYMCE_CACHE=str(cache))
    path = {"folder": cache, "library": libraries(cache)[0], "index": cache / "compilers.json"}[what]
    path.chmod(stat.S_IMODE(path.stat().st_mode) | bits)
    error = python(CALL, expect=1, SYMCE_CACHE=str(cache)).stderr
    assert f"UnsafeCache: cache {path}: others can write to it" in error
    assert f"chmod go-w {path}" in error
    path.chmod(path.stat().st_mode & ~bits)
    assert close(python(CALL, SYMCE_CACHE=str(cache)).stdout)


def test_a_cache_below_a_folder_of_everybodys_is_refused(python: Run, tmp_path: Path) -> None:
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o777)
    error = python(CALL, expect=1, SYMCE_CACHE=str(above / "cache")).stderr
    assert f"everybody can write to {above}" in error
    above.chmod(0o1777)  # as /tmp: nobody can replace what is another's
    assert close(python(CALL, SYMCE_CACHE=str(above / "cache")).stdout)


def test_a_cache_of_another_user_is_refused(python: Run, tmp_path: Path) -> None:
    """The files are ours, so it is the process that is made to think that it is somebody else."""
    cache = tmp_path / "cache"
    python(CALL, SYMCE_CACHE=str(cache))
    other = "import os\nos.geteuid = lambda: 54321\n"
    error = python(other + CALL, expect=1, SYMCE_CACHE=str(cache)).stderr
    assert f"belongs to the user with the number {os.geteuid()}, not to you" in error


def test_where_the_cache_is(python: Run, tmp_path: Path) -> None:
    show = "from kernels_by_hand.native._cache import location\nprint(location(), end='')"
    assert python(show, SYMCE_CACHE=str(tmp_path / "x")).stdout == str(tmp_path / "x")
    if sys.platform != "darwin":
        assert python(show, SYMCE_CACHE="", XDG_CACHE_HOME="/x/y").stdout == "/x/y/symce"
        given = {"SYMCE_CACHE": "", "XDG_CACHE_HOME": "relative", "HOME": "/home/me"}
        assert python(show, **given).stdout == "/home/me/.cache/symce"


def test_a_cache_that_cannot_be_made_says_so(python: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = python(CALL, expect=1, SYMCE_CACHE=str(tmp_path / "file" / "cache")).stderr
    assert "Not a directory" in error
    assert "set SYMCE_CACHE" in error


def test_without_a_compiler_the_error_has_the_remedy_and_numpy_and_torch_work(python: Run, tmp_path: Path) -> None:
    nowhere = {"PATH": str(tmp_path), "CC": "", "SYMCE_CACHE": str(tmp_path / "cache")}
    error = python(CALL, expect=1, **nowhere).stderr
    assert "NoCompiler: there is no C compiler" in error
    assert "apt install gcc" in error
    error = python(CALL, expect=1, **{**nowhere, "CC": "my-cc -m64"}).stderr
    assert "NoCompiler: CC: 'my-cc' is not there" in error
    script = """
import numpy as np, torch
from symce_kernels.numpy import cross_entropy as in_numpy
from symce_kernels.torch import cross_entropy as in_torch
z, c = np.array([[1.0, 2.0]]), np.array([1])
input = torch.tensor(z, requires_grad=True)
loss = in_torch(input, torch.tensor(c))
loss.backward()
print(in_numpy.value(z, c), loss.item(), input.grad.abs().sum().item())
"""
    numpy, torch, gradient = map(float, python(script, **nowhere).stdout.split())
    assert numpy == pytest.approx(float(LOSS), abs=1e-15)
    assert torch == pytest.approx(float(LOSS), abs=1e-15)
    assert gradient == pytest.approx(0.5378828427399903)


def test_a_failed_compilation_shows_the_compilers_words(python: Run, written: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(written, tmp_path / "copy")
    (copy / "kernels_by_hand/native/cross_entropy.c").write_text("int f(void) { return nowhere_declared; }\n")
    error = python(CALL, expect=1, PYTHONPATH=str(copy), SYMCE_CACHE=str(tmp_path / "cache")).stderr
    assert "CannotCompile" in error
    assert "nowhere_declared" in error
    assert "exit status 1" in error
    assert not libraries(tmp_path / "cache")
    error = python(CALL, expect=1, CC="false", SYMCE_CACHE=str(tmp_path / "cache")).stderr
    assert "CannotCompile: false --version: exit status 1" in error


def test_an_unknown_dtype_and_a_loss_without_c(python: Run) -> None:
    load = "from kernels_by_hand.native._compile import load\nload({!r}, {!r})"
    assert "ValueError: dtype: 'int8'; allowed: " in python(load.format("cross_entropy", "int8"), expect=1).stderr
    assert "FileNotFoundError" in python(load.format("no_loss", "float32"), expect=1).stderr

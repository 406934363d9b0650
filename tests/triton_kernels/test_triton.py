"""The Triton kernels where there is no GPU: run by Triton's interpreter, and compiled to machine code.

Either needs Triton to be imported in its own way, so both go to processes of their own. What needs a GPU is
``benchmarks/triton_kernels.py``, whose first part checks the kernels there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from targets.programs import KERNELS

from symce.targets import render_kernels
from symce.targets.interface import Interface
from symce.targets.native_plan import plan
from symce.targets.triton_expressions import tl_name
from symce.targets.triton_program import expanded

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def python(
    *arguments: str, where: Path, kernels: Path = ROOT / "generated", **environment: str
) -> subprocess.CompletedProcess[str]:
    """A process of its own; it finds the generated package, and compiles into a folder of the test's."""
    path = os.pathsep.join([str(kernels), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    ours = {"PYTHONPATH": path, "TRITON_CACHE_DIR": str(where / "triton"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **ours, **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=where,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "part",
    [
        "every_loss and float64",
        "every_loss and float32",
        "not every_loss and options",
        "not every_loss and not options",
    ],
)
def test_in_the_interpreter(part: str, tmp_path: Path) -> None:
    files = str(HERE / "interpreted" / "check_losses.py")
    done = python(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), files, "-k", part),
        where=tmp_path,
        TRITON_INTERPRET="1",
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.long
def test_the_compiler_takes_them(tmp_path: Path) -> None:
    """Down to machine code for a GPU of compute capability 9.0: losses that have most operations between them."""
    done = python(
        str(HERE / "compiled.py"),
        "cross_entropy",
        "focal",
        "sigmoid_focal",
        "kl_softmax_target",
        where=tmp_path,
        TRITON_INTERPRET="0",
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("bytes") == 20


def test_without_triton_the_package_says_what_to_install(tmp_path: Path) -> None:
    done = python("-c", "import sys; sys.modules['triton'] = None\nimport symce_kernels.triton", where=tmp_path)
    assert "ImportError: symce_kernels.triton needs PyTorch and Triton" in done.stderr
    assert "pip install 'symce[triton]'" in done.stderr


def test_on_the_cpu_it_says_what_serves_there(tmp_path: Path) -> None:
    code = (
        "import torch\nfrom symce_kernels.triton import cross_entropy\n"
        "cross_entropy(torch.zeros(1, 2), torch.tensor([0]))"
    )
    done = python("-c", code, where=tmp_path, TRITON_INTERPRET="0")
    assert "ValueError: input: on the CPU, where Triton has no compiler; use symce_kernels.torch" in done.stderr


def test_the_name_in_the_package_is_the_function(tmp_path: Path) -> None:
    code = (
        "import symce_kernels.triton as package, importlib\n"
        "importlib.import_module('symce_kernels.triton.focal')\n"
        "assert callable(package.focal)\nprint(len(package.__all__))"
    )
    done = python("-c", code, where=tmp_path, TRITON_INTERPRET="0")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(list((ROOT / "generated/symce_kernels/triton").glob("[!_]*.py")))


def test_hand_built_kernels_in_the_interpreter(tmp_path: Path) -> None:
    """Programs that have every operation between them, against the meaning of a program."""
    for path, text in render_kernels(KERNELS, ("triton",)).items():
        file = tmp_path / "symce_kernels" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    program = str(HERE / "interpreted" / "programs.py")
    done = python(program, where=tmp_path, kernels=tmp_path, TRITON_INTERPRET="1")
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.split() == [k.name for k in KERNELS]


def test_the_benchmark_says_what_it_did_not_run(tmp_path: Path) -> None:
    benchmark = str(ROOT / "benchmarks" / "triton_kernels.py")
    done = python(benchmark, where=tmp_path, TRITON_INTERPRET="0", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stderr
    assert "not run: no CUDA device; run: python benchmarks/triton_kernels.py" in done.stdout


def test_names_of_a_kernel_are_not_taken() -> None:
    assert tl_name("count") == "count_"
    assert tl_name("top_lanes") == "top_lanes_"
    assert tl_name("number_1") == "number_1_"
    assert tl_name("rest") == "rest"


def test_what_is_made_of_whole_rows_is_written_as_sums() -> None:
    for kernel in KERNELS:
        for form in Interface(kernel).forms:
            program = expanded(form.program.only("value", "gradient"))
            assert not plan(program).of_rows

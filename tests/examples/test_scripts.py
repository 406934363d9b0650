"""The scripts run as a reader runs them, and the page about them shows what they print."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(checkout, folder, script, *arguments):
    """The script's output, run from a folder that is not its own."""
    command = [sys.executable, "-W", "error", str(checkout / folder / script), *arguments]
    done = subprocess.run(
        command, cwd=checkout / "tests", capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_shows_what_gradient_flow_prints(checkout, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    out = run(checkout, "examples", "gradient_flow.py")
    assert f"$ python examples/gradient_flow.py\n{out}```" in (checkout / "docs/training.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("module", ["sympy", "torch"])
def test_the_class_needs_numpy_and_the_kernels_alone(checkout, module):
    code = f"import sys; sys.path.insert(0, 'examples'); import softmax_regression; print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_importing_a_kernel_is_quick_and_loads_no_stranger(checkout):
    out = run(checkout, "benchmarks", "import_time.py", "--repeats", "5")
    assert "| < 20 ms | met |" in out
    assert "| none | none | met |" in out


@pytest.mark.parametrize("script", ["derive_time.py", "import_time.py"])
def test_the_benchmarks_refuse_no_repeats(checkout, script):
    command = [sys.executable, str(checkout / "benchmarks" / script), "--repeats", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--repeats: 0; allowed: an integer >= 1" in done.stderr

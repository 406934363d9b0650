"""Imports run one way, third-party libraries stay where they belong, and a planted violation is reported.

The contracts between the packages of symce stand in pyproject.toml and are checked by import-linter. What a graph of
imports cannot say (an import is lazy, a generated file stands alone) is checked here on the syntax trees.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = {
    c["id"]: c for c in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}

#: Modules and packages that import no SymPy, neither by a statement of their own nor through what they import.
SYMPY_FREE = (
    "symce.language",
    "symce.losses",
    "symce.kernel.ir",
    "symce.kernel.kernel",
    "symce.kernel.interpreter",
    "symce.targets",
    "symce.render",
)


# --- the imports of a folder, read from its syntax trees -------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    """One import statement: ``importer`` imports ``imported``; ``lazy`` if it stands inside a function."""

    importer: str
    imported: str
    lazy: bool
    where: str


def imports_of(folder: Path) -> Iterator[Import]:
    """Every import in the package ``folder``, except those under ``if TYPE_CHECKING``, which never run."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        package = module if is_package else module.rpartition(".")[0]
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for node, lazy in _import_statements(tree, lazy=False):
            where = f"{path.relative_to(folder.parent)}:{node.lineno}"
            for name in _imported_names(node, package):
                yield Import(module, name, lazy, where)


def _import_statements(node: ast.AST, lazy: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, lazy
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from _import_statements(other, lazy)
        else:
            inside = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _import_statements(child, inside)


def _imported_names(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*above, base] if base else above)
    # `from a import b` may import the module a.b as well as the name b of a: the longer name serves both.
    return [f"{base}.{alias.name}" for alias in node.names]


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


# --- the rules -------------------------------------------------------------------------------------------------------


def broken_in_symce(folder: Path) -> list[str]:
    """The imports of the package symce that a rule forbids, each with the rule it breaks."""
    found = []
    for i in imports_of(folder):
        if inside(i.importer, "symce.listings.seed"):
            continue  # scripts that handouts show and a process of their own runs; no module imports them
        if inside(i.imported, "jinja2") and i.importer != "symce.render":
            found.append(f"{i.where}: {i.importer} imports jinja2; only symce.render does")
        if inside(i.imported, "torch"):
            if not inside(i.importer, "symce.verify"):
                found.append(f"{i.where}: {i.importer} imports torch; only symce.verify does")
            elif not i.lazy:
                found.append(
                    f"{i.where}: {i.importer} imports torch at its top; import it in the function that needs it"
                )
        if inside(i.imported, "sympy") and inside(i.importer, *SYMPY_FREE):
            found.append(f"{i.where}: {i.importer} imports sympy; it must stay plain data")
        if inside(i.importer, "symce.check") and inside(
            i.imported, "symce.derivation", "symce.rules", "symce.theorems"
        ):
            found.append(f"{i.where}: {i.importer} imports {i.imported}; a check shares no code with the derivation")
    return found


def broken_in_kernels(folder: Path) -> list[str]:
    """The imports of the generated package symce_kernels that a rule forbids, each with the rule it breaks."""
    found = []
    for i in imports_of(folder):
        top = i.imported.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        if top not in ("numpy", "torch", "jax", "triton", "symce_kernels"):
            found.append(f"{i.where}: {i.importer} imports {top}; kernels import NumPy, torch, JAX and Triton alone")
        if top == "jax" and not inside(i.importer, "symce_kernels.jax"):
            found.append(f"{i.where}: {i.importer} imports jax; only symce_kernels.jax does")
        if top == "triton" and not inside(i.importer, "symce_kernels.triton"):
            found.append(f"{i.where}: {i.importer} imports triton; only symce_kernels.triton does")
        ours = inside(i.importer, "symce_kernels.torch", "symce_kernels.triton")
        if top == "torch" and not ours and not i.lazy:
            found.append(f"{i.where}: {i.importer} imports torch at its top; only symce_kernels.torch and .triton do")
        is_copyable = i.importer.startswith("symce_kernels.numpy.")
        if is_copyable and top != "numpy":
            found.append(f"{i.where}: {i.importer} imports {top}; a NumPy kernel imports NumPy alone, to be copied")
    return found


def lint_imports(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """import-linter on the package symce in ``folder``, with the contracts of the pyproject.toml there."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    return subprocess.run(
        [*command, "--no-cache", "--no-logo", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


# --- symce as it is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contract_is_kept(contract: str) -> None:
    result = lint_imports(ROOT, "--contract", contract)
    assert result.returncode == 0, result.stdout + result.stderr


def test_third_party_libraries_stay_in_their_place() -> None:
    assert broken_in_symce(ROOT / "symce") == []


def test_kernels_stand_alone() -> None:
    folder = ROOT / "generated" / "symce_kernels"
    assert folder.is_dir(), "generated/symce_kernels is not there: run `make derive`"
    assert broken_in_kernels(folder) == []


def test_every_package_is_seen_by_import_linter() -> None:
    """A folder without __init__.py imports well enough, but is missing from the graph and so from every contract."""
    folders = {path.parent for path in (ROOT / "symce").rglob("*.py")}
    assert sorted(str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()) == []


def test_importing_what_is_free_of_sympy_loads_no_sympy() -> None:
    """The __init__.py of the packages above runs as well: it must not bring SymPy in."""
    names = [n for n in SYMPY_FREE if _exists(n)]
    assert names, "none of the modules that must be free of SymPy exists"
    script = "\n".join(["import sys", *(f"import {n}\nassert 'sympy' not in sys.modules, {n!r}" for n in names)])
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def _exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


# --- planted violations: the checks above can fail -------------------------------------------------------------------

LAYERS = ("cli", "documents", "targets", "check", "verify", "kernel", "theorems", "derivation", "rules", "losses")
SKELETON = (
    *(f"symce/{name}/__init__.py" for name in (*LAYERS, "algebra", "language")),
    "symce/check/numbers.py",
    "symce/kernel/ir.py",
    "symce/kernel/kernel.py",
    "symce/kernel/interpreter.py",
    "symce/render.py",
    "symce/__main__.py",
    "symce/__init__.py",
)
SOUND = {
    "symce/render.py": "import jinja2\n",
    "symce/verify/__init__.py": "import numpy\n\n\ndef oracle():\n    import torch\n\n    return torch\n",
    "symce/targets/__init__.py": "from symce.kernel import ir\nfrom symce import render\n",
    "symce/rules/__init__.py": "import sympy\n\nfrom symce import algebra\n",
    "symce/kernel/__init__.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import torch\n",
}


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """A folder with our pyproject.toml and a package symce whose modules are almost empty and break no rule."""
    for name in SKELETON:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SOUND.get(name, ""))
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return tmp_path


def test_the_skeleton_is_sound(skeleton: Path) -> None:
    result = lint_imports(skeleton)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in result.stdout
    assert broken_in_symce(skeleton / "symce") == []


PLANTED_FOR_LINTER = {
    "upwards": ("layers", "symce/algebra/__init__.py", "from symce.rules import anything"),
    "between siblings": ("layers", "symce/targets/other.py", "import symce.documents"),
    "through the top package": ("layers", "symce/__init__.py", "import symce.cli"),
    "a module without a layer": ("layers", "symce/helpers.py", ""),
    "check on rules, indirectly": ("independent-check", "symce/check/numbers.py", "from symce import theorems"),
    "verify on derivation": ("independent-verification", "symce/verify/__init__.py", "import symce.derivation"),
    "a loss that computes": ("losses-are-declarations", "symce/losses/focal.py", "import sympy"),
    "SymPy in the RowProgram": ("sympy-free", "symce/kernel/ir.py", "from sympy import Expr"),
    "SymPy in a target, lazily": ("sympy-free", "symce/targets/c.py", "def f():\n    import sympy"),
    "a second renderer": ("one-renderer", "symce/documents/latex.py", "from jinja2 import Environment"),
    "torch in a target": ("torch-in-verify", "symce/targets/torch.py", "def f():\n    import torch"),
    "JAX in a target, lazily": ("no-jax", "symce/targets/jax.py", "def f():\n    import jax"),
}


@pytest.mark.parametrize("case", PLANTED_FOR_LINTER)
def test_import_linter_reports_a_planted_violation(skeleton: Path, case: str) -> None:
    contract, name, statement = PLANTED_FOR_LINTER[case]
    path = skeleton / name
    if name == "symce/__init__.py":  # a violation only if something below passes through it
        (skeleton / "symce/algebra/__init__.py").write_text("import symce\n")
    if contract == "independent-check":
        (skeleton / "symce/theorems/__init__.py").write_text("import symce.rules\n")
    path.write_text((path.read_text() if path.exists() else "") + statement + "\n")
    result = lint_imports(skeleton, "--contract", contract)
    assert result.returncode == 1
    assert f"{CONTRACTS[contract]['name']} BROKEN" in result.stdout


PLANTED_IN_SYMCE = {
    "import jinja2": "symce/documents/latex.py",
    "from jinja2.sandbox import SandboxedEnvironment": "symce/targets/c.py",
    "import torch": "symce/verify/gradcheck.py",
    "import torch.nn as nn": "symce/kernel/lower.py",
    "def f():\n    from torch import nn": "symce/cli/doctor.py",
    "from sympy import Expr": "symce/losses/focal.py",
    "def g():\n    import sympy.core": "symce/targets/numpy.py",
    "from .. import rules": "symce/check/__init__.py",
    "from ..derivation.proof import Proof": "symce/check/coq.py",
}


@pytest.mark.parametrize("statement", PLANTED_IN_SYMCE)
def test_a_planted_violation_in_symce_is_reported(skeleton: Path, statement: str) -> None:
    path = skeleton / PLANTED_IN_SYMCE[statement]
    path.write_text(statement + "\n")
    assert len(broken_in_symce(skeleton / "symce")) == 1


PLANTED_IN_KERNELS = {
    "import symce": "symce_kernels/torch/focal.py",
    "from sympy import Expr": "symce_kernels/__init__.py",
    "import torch": "symce_kernels/numpy/__init__.py",
    "import jax.numpy as jnp": "symce_kernels/torch/focal.py",
    "from . import brier": "symce_kernels/numpy/focal.py",
    "from symce_kernels.numpy._shared import check": "symce_kernels/numpy/focal.py",
    "import scipy.special": "symce_kernels/numpy/__init__.py",
}


@pytest.mark.parametrize("statement", PLANTED_IN_KERNELS)
def test_a_planted_violation_in_the_kernels_is_reported(tmp_path: Path, statement: str) -> None:
    path = tmp_path / PLANTED_IN_KERNELS[statement]
    path.parent.mkdir(parents=True)
    sound = "import math\n\nimport numpy as np\n"
    path.write_text(sound)
    assert broken_in_kernels(tmp_path / "symce_kernels") == []
    path.write_text(sound + statement + "\n")
    assert len(broken_in_kernels(tmp_path / "symce_kernels")) == 1

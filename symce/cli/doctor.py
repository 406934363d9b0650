"""``doctor``: what symce needs and could use on this machine, what of it is there, and what to install."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import symce
from symce.cli.arguments import AsJson
from symce.cli.errors import CannotRun
from symce.cli.folders import KERNELS, checkout, output_folder
from symce.cli.output import say, say_json, table

#: a tool that does not even say its version within this time does not work
PATIENCE = 10.0


@dataclass(frozen=True)
class Finding:
    """One thing: is it there, which version or where, what it is for, and what to do if it is missing."""

    name: str
    there: bool
    needed: bool
    found: str
    purpose: str
    remedy: str


PACKAGES = (
    ("sympy", True, "derives the gradients"),
    ("jinja2", True, "prints the files"),
    ("numpy", True, "runs the NumPy kernels"),
    ("mpmath", True, "checks proofs and kernels with many digits"),
    ("rich", True, "prints to the terminal"),
    ("typer", True, "reads the command line"),
    ("torch", False, "runs the PyTorch kernels, and judges all kernels by its autograd"),
    ("matplotlib", False, "draws the figures of handouts"),
    ("latex2mathml", False, "sets the formulas of a handout's page"),
    ("nbformat", False, "writes a handout's notebook"),
    ("pygments", False, "colours the listings of handouts"),
    ("scikit-learn", False, "gives the examples their data and a model to compare with"),
)
_HANDOUT = "pip install 'symce[handout]'"
EXTRAS = {
    "torch": "pip install 'symce[torch]'",
    **dict.fromkeys(("matplotlib", "latex2mathml", "nbformat", "pygments"), _HANDOUT),
    "scikit-learn": "pip install 'symce[test]'",
}
TOOLS = (
    (("pdflatex",), "turns proofs/NAME.tex into a PDF", "apt install texlive-latex-extra lmodern, or MacTeX, MiKTeX"),
    (("latexmk",), "runs pdflatex as often as references need", "apt install latexmk, or as for pdflatex"),
    (("node",), "runs the JavaScript kernels outside a page, for the tests", "apt install nodejs"),
    (("chromium",), "opens a handout's page, for the tests", "apt install chromium"),
    (
        ("cc", "gcc", "clang"),
        "compiles the native kernels; without it NumPy and PyTorch run all",
        "apt install gcc, dnf install gcc or xcode-select --install, or name one in CC",
    ),
)


def command(as_json: AsJson = False) -> int:
    """Say what symce can use on this machine: packages, tools, folders.

    Exit status 1 if something that it needs is missing.
    """
    findings = [_python(), *map(_package, *zip(*PACKAGES, strict=True)), *(_tool(*tool) for tool in TOOLS), *_folders()]
    findings += [_coq(), *_native(output_folder(None) / KERNELS)]
    ok = all(f.there for f in findings if f.needed)
    if as_json:
        say_json({"command": "doctor", "ok": ok, "symce": symce.__version__, "findings": [asdict(f) for f in findings]})
        return 0 if ok else 1
    say(f"symce {symce.__version__}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    say()
    table(
        ("", "", "found", "for"),
        [("ok" if f.there else "MISSING" if f.needed else "no", f.name, f.found, f.purpose) for f in findings],
    )
    for finding in findings:
        if not finding.there:
            say(f"{finding.name}: {finding.remedy}", "bold red" if finding.needed else "yellow")
    return 0 if ok else 1


def _coq() -> Finding:
    """Coq with Coquelicot, as ``check --formal`` finds it."""
    from symce.check.coq.toolchain import NoCoq, find

    purpose = "proves every step for all K: check --formal"
    try:
        coq = find()
    except NoCoq as error:
        return Finding("Coq", False, False, "", purpose, f"{error}; {error.remedy}")
    return Finding("Coq", True, False, f"{coq.version}, with Coquelicot ({coq.path})", purpose, "")


def _native(kernels: Path) -> list[Finding]:
    """The cache of compiled kernels, and what runs them on several cores. Nothing is compiled, no folder made."""
    from symce.cli.build import native_modules

    place = kernels / "native"
    if not place.is_dir():
        spec = importlib.util.find_spec(KERNELS)
        place = Path(next(iter(spec.submodule_search_locations or []), ".") if spec else ".") / "native"
    try:
        compiling = native_modules(place)
    except CannotRun as error:
        return [Finding("native kernels", False, False, "", "the losses in C", str(error))]
    cache, wrong = _cache(compiling)
    runtime = compiling._openmp.runtime()
    remedy = "apt install libgomp1, or the system's package of OpenMP; without it native kernels run on one core"
    return [
        Finding(
            "native cache", not wrong, False, cache, "keeps compiled kernels; python -m symce build fills it", wrong
        ),
        Finding("OpenMP", bool(runtime), False, runtime, "runs native kernels on several cores", remedy),
    ]


def _cache(compiling: Any) -> tuple[str, str]:
    """What the cache of compiled kernels is and holds, and what is wrong with it."""
    try:
        place = compiling._cache.location()
        if os.path.isdir(place):
            compiling._cache.refuse_writable(place)
    except compiling.NativeError as error:
        return "", str(error)
    if not os.path.isdir(place):
        return f"{place} (made when it is needed)", ""
    sizes = [path.stat().st_size for path in Path(place).glob("*.so")]
    return f"{place} ({len(sizes)} kernels, {sum(sizes) / 1e6:.1f} MB)", ""


def _python() -> Finding:
    return Finding("Python", True, True, platform.python_version(), "runs symce", "")


def _package(name: str, needed: bool, purpose: str) -> Finding:
    try:
        # the version from what is installed: importing torch would take seconds
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return Finding(
        name, bool(version), needed, version, purpose, EXTRAS.get(name, "install symce again: pip install symce")
    )


def _tool(names: tuple[str, ...], purpose: str, remedy: str) -> Finding:
    candidates = [os.environ["CC"]] if "cc" in names and os.environ.get("CC") else list(names)
    label = "C compiler" if "cc" in names else names[0]
    for name in candidates:
        path = shutil.which(name)
        if path is not None:
            works, version = _version(path)
            return Finding(label, works, False, f"{version} ({path})", purpose, f"{path} does not run: {version}")
    return Finding(label, False, False, "", purpose, remedy)


def _version(path: str) -> tuple[bool, str]:
    """Whether a tool runs, and the first line that it says of itself."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return done.returncode == 0, lines[0] if lines else f"exit status {done.returncode}"


def _folders() -> list[Finding]:
    from symce.render import template_folder

    try:
        templates, reason = str(template_folder()), ""
    except FileNotFoundError as error:
        templates, reason = "", str(error)
    out = output_folder(None)
    spec = importlib.util.find_spec(KERNELS)
    places = list(spec.submodule_search_locations or []) if spec else []
    place = Path(places[0]) if places else None
    derive = "python -m symce derive"
    return [
        Finding("templates", bool(templates), True, templates, "the layout of the files", reason),
        Finding("output", out.is_dir(), False, str(out), "where derive writes", f"it is made by: {derive}"),
        Finding(
            KERNELS,
            place is not None,
            False,
            str(place or ""),
            "the package that programs import",
            f"add {out} to the path, after {derive}" if checkout() else "install symce again: pip install symce",
        ),
    ]

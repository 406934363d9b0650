"""JavaScript kernels called from Python, through one process of Node.js."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symce.kernel.kernel import Kernel
from symce.targets import render_kernels

DRIVER = Path(__file__).with_name("kernels.mjs")
#: every entry of a result agrees to this, relative to itself
RELATIVE = 1e-12
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class JavascriptError(Exception):
    """What JavaScript threw: its text is ``TypeError: message``."""


class Node:
    """A process of Node.js that calls exported functions. Raises RuntimeError where Node.js is missing or dies."""

    def __init__(self) -> None:
        program = shutil.which("node")
        if program is None:
            raise RuntimeError("no program 'node' on the path: install Node.js 18 or later, e.g. apt install nodejs")
        self._process = subprocess.Popen(
            [program, str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def close(self) -> None:
        self._process.communicate()

    def __call__(self, path: Path, name: str | None = None, *args: Any, **request: Any) -> Any:
        """``name(*args)`` of a module, or of the script that ``script`` says; a name that is no function: its value.

        Without a name, the names that there are. Arrays come back as lists. Raises JavascriptError for what the
        function throws, AssertionError where it wrote to an argument.
        """
        request |= {"module": str(path), "name": name, "args": args}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(_plain({k: x for k, x in request.items() if x is not None})) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"node ended with status {self._process.wait()}; its own words are on standard error")
        answer = json.loads(line)
        if "error" in answer:
            raise JavascriptError("{name}: {message}".format(**answer["error"]))
        assert answer.get("unchanged", True), f"{path.name}: {name} wrote to an argument"
        return _special(answer.get("result"))


def _plain(x: Any) -> Any:
    if isinstance(x, np.ndarray | np.generic):
        return _plain(x.tolist())
    if isinstance(x, dict):
        return {key: _plain(value) for key, value in x.items()}
    if isinstance(x, list | tuple):
        return [_plain(value) for value in x]
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    return x


def _special(x: Any) -> Any:
    if isinstance(x, list):
        return [_special(value) for value in x]
    if isinstance(x, dict):
        return {key: _special(value) for key, value in x.items()}
    return SPECIAL.get(x, x) if isinstance(x, str) else x


def write_package(place: Path, kernels: Sequence[Kernel]) -> None:
    """The JavaScript files of these kernels."""
    for path, text in render_kernels(kernels, ["javascript"]).items():
        (place / Path(path).name).write_text(text, encoding="utf-8")


def agree(mine: Any, theirs: Any, floor: float) -> bool:
    """Whether two results have one shape, the same NaNs and infinities, and entries that agree."""
    x, y = np.asarray(mine, float), np.asarray(theirs, float)
    return x.shape == y.shape and np.allclose(x, y, rtol=RELATIVE, atol=floor, equal_nan=True)

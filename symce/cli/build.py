"""``build``: native kernels compiled ahead, so that no program waits for the compiler at its first call."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from symce.cli.arguments import AsJson, OutOption
from symce.cli.errors import CannotRun
from symce.cli.folders import kernels_folder, shown
from symce.cli.output import say, say_json, steps
from symce.cli.selection import unknown

_NAME = "_symce_native"


@dataclass(frozen=True)
class Built:
    """What became of one library: "compiled", "there already" or "failed", with the compiler's words."""

    loss: str
    dtype: str
    wide: bool
    state: str
    seconds: float
    error: str = ""

    @property
    def label(self) -> str:
        return f"{self.loss} {self.dtype}{' wide' if self.wide else ''}"


def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Losses; without any, all that have kernels.")
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            "--dtype",
            metavar="T",
            help="For logits of this dtype alone (float16, bfloat16, float32, float64); may be repeated.",
        ),
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help='Also what precision="wide" runs: computed in float64.')] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Compilers at a time; 0: one a core.")
    ] = 0,
    out: OutOption = None,
    as_json: AsJson = False,
) -> int:
    """Compile native kernels ahead, into the cache that they are loaded from.

    Exit status 1 if one does not compile, 2 where there is no C compiler.
    """
    folder = kernels_folder(out) / "native"
    compiling = native_modules(folder)
    there = sorted(path.stem for path in folder.glob("*.c"))
    for name in names or ():
        if name not in there:
            raise unknown(name, there)
    for wanted in dtype or ():
        if wanted not in compiling.DTYPES:
            raise CannotRun(f"no dtype is named {wanted!r}", f"There are: {', '.join(compiling.DTYPES)}.")
    tasks = [
        (name, d, w)
        for name in (dict.fromkeys(names) if names else there)
        for d in (dict.fromkeys(dtype) if dtype else compiling.DTYPES)
        for w in ((False, True) if wide and d != "float64" else (False,))
    ]
    if not tasks:
        raise CannotRun(f"there are no native kernels in {shown(folder)}", "Derive them first: python -m symce derive")
    started = time.perf_counter()
    try:
        first = compiling.plan(*tasks[0])
    except compiling.NativeError as error:
        raise CannotRun(str(error)) from error
    built = _built(compiling, tasks, jobs or cores(), quiet=as_json)
    seconds = time.perf_counter() - started
    place = os.path.dirname(first.library)
    failed = [b for b in built if b.state == "failed"]
    if as_json:
        say_json({"command": "build", "ok": not failed, "cache": place, "built": [asdict(b) for b in built]})
        return 1 if failed else 0
    for b in failed:
        say(f"{b.label}: {b.error}", "bold red")
    compiled = sum(b.state == "compiled" for b in built)
    text = f"{compiled} compiled, {sum(b.state == 'there already' for b in built)} there already"
    say(f"{len(built)} native kernels in {place}: {text}{f', {len(failed)} failed' if failed else ''}, {seconds:.1f} s")
    return 1 if failed else 0


def _built(compiling: Any, tasks: Sequence[tuple[str, str, bool]], jobs: int, quiet: bool) -> list[Built]:
    """The libraries made, ``jobs`` at a time, in the order of the tasks; an interrupt leaves those that are done."""

    def one(name: str, dtype: str, wide: bool) -> Built:
        started = time.perf_counter()
        try:
            state, error = "compiled" if compiling.build(name, dtype, wide) else "there already", ""
        except compiling.NativeError as raised:
            state, error = "failed", str(raised)
        return Built(name, dtype, wide, state, round(time.perf_counter() - started, 3), error)

    built: list[Built] = []
    with steps(quiet=quiet) as progress, ThreadPoolExecutor(jobs) as pool:
        waiting: list[Future[Built]] = [pool.submit(one, *task) for task in tasks]
        try:
            labels = [f"{name} {dtype}{' wide' * wide}" for name, dtype, wide in tasks]
            built.extend(future.result() for future in progress.over("compiling", waiting, labels))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return built


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def native_modules(folder: Path) -> Any:
    """``_compile`` of a folder ``symce_kernels/native``, wherever it lies: imported under a private name.

    Raises CannotRun where there is none.
    """
    if not (folder / "_compile.py").is_file():
        raise CannotRun(f"there are no native kernels in {shown(folder)}", "Derive them first: python -m symce derive")
    for name in [n for n in sys.modules if n.partition(".")[0] == _NAME]:
        del sys.modules[name]  # of another folder
    spec = importlib.util.spec_from_file_location(
        _NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = package
    spec.loader.exec_module(package)
    return importlib.import_module(f"{_NAME}._compile")

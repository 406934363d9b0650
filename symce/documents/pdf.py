"""A .tex file as PDF, by the LaTeX of the machine; and what LaTeX complained about."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: overfull boxes up to this are not seen, in pt
TOLERANCE = 2.0
#: how long LaTeX may work on one document, in seconds
LIMIT = 300.0
_INSTALL = (
    "Debian and Ubuntu: apt-get install texlive-latex-recommended texlive-latex-extra lmodern latexmk; "
    "macOS: MacTeX; Windows: MiKTeX, with Perl for latexmk"
)


class LatexMissing(RuntimeError):
    """There is no LaTeX on this machine; the message says what to install. The .tex is there all the same."""


class LatexError(RuntimeError):
    """LaTeX gave up; the message quotes its first error."""


@dataclass(frozen=True)
class Overfull:
    """A box that is ``points`` too wide or too high, and where."""

    points: float
    where: str


@dataclass(frozen=True)
class Report:
    """What LaTeX complained about: references to nothing, boxes beyond the margin, letters that a font lacks."""

    undefined: tuple[str, ...]
    overfull: tuple[Overfull, ...]
    missing: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether there is nothing to complain about."""
        return not (self.undefined or self.overfull or self.missing)

    def __str__(self) -> str:
        boxes = [f"{box.points:.1f} pt too large: {box.where}" for box in self.overfull]
        return "\n".join([*self.undefined, *boxes, *self.missing])


@dataclass(frozen=True)
class Compiled:
    """A PDF that was made, and the report on it."""

    pdf: Path
    report: Report


def compile(tex: Path) -> Compiled:
    """Make NAME.pdf beside NAME.tex; what else LaTeX writes stays in a temporary folder.

    The same files give the same bytes. Raises LatexMissing without LaTeX, LatexError where it finds an error or takes
    longer than LIMIT seconds, FileNotFoundError where there is no such file.
    """
    if not tex.is_file():
        raise FileNotFoundError(f"there is no {tex}")
    latexmk = _found("latexmk")
    _found("pdflatex")
    with tempfile.TemporaryDirectory() as folder:
        command = [
            latexmk, "-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", f"-outdir={folder}", tex.name,
        ]  # fmt: skip
        status, printed = _run(command, tex)
        log_file = Path(folder) / f"{tex.stem}.log"
        log = log_file.read_text(encoding="utf-8", errors="replace") if log_file.is_file() else ""
        made = Path(folder) / f"{tex.stem}.pdf"
        if status or not made.is_file():
            raise LatexError(_first_error(tex, log, printed))
        pdf = tex.with_suffix(".pdf")
        _move(made, pdf)
    return Compiled(pdf, read_log(log))


def _run(command: list[str], tex: Path) -> tuple[int, str]:
    """The exit status of LaTeX and what it printed. Raises LatexError where it is not done in time."""
    process = subprocess.Popen(
        command,
        cwd=tex.parent,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=LIMIT)
    except BaseException as error:
        # latexmk runs pdflatex through a shell, and that goes on for ever where latexmk alone is stopped
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise LatexError(f"LaTeX was not done with {tex.name} after {LIMIT:.0f} seconds") from None
        raise
    return process.returncode, printed


def read_log(log: str) -> Report:
    """What a log complains about that a reader of the PDF would see."""
    undefined = re.findall(
        r"^(?:LaTeX|Package hyperref|pdfTeX) [Ww]arning\b.*?"
        r"(?:undefined|undefined on input line|has been referenced but does not exist).*$",
        log,
        re.MULTILINE,
    )
    boxes = [
        Overfull(float(match[1]), match[0])
        for match in re.finditer(r"^Overfull \\[hv]box \((\d+(?:\.\d+)?)pt too (?:wide|high)\).*$", log, re.MULTILINE)
    ]
    missing = re.findall(r"^Missing character: .*$", log, re.MULTILINE)
    return Report(
        tuple(dict.fromkeys(undefined)),
        tuple(box for box in boxes if box.points > TOLERANCE),
        tuple(dict.fromkeys(missing)),
    )


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise LatexMissing(f"no PDF without LaTeX: {program} is not on this machine. Install it ({_INSTALL})")
    return path


def _environment() -> dict[str, str]:
    # lines of the log are not broken, and no clock gets into the PDF
    fixed = {"max_print_line": "10000", "error_line": "254", "half_error_line": "238"}
    return {**os.environ, **fixed, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}


def _first_error(tex: Path, log: str, printed: str) -> str:
    lines = log.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("! ")), None)
    if start is None:
        return f"LaTeX made no PDF of {tex.name} and names no error; it printed last:\n{printed.strip()[-600:]}"
    # the error, and the line of the file that it is in
    at = next((n for n in range(start, len(lines)) if re.match(r"l\.\d+", lines[n])), start)
    told = lines[start : at + 2] if at - start < 12 else [*lines[start : start + 4], *lines[at : at + 2]]
    return "\n".join([f"LaTeX stopped in {tex.name}:", *(line for line in told if line.strip())])


def _move(made: Path, target: Path) -> None:
    """Put a file in its place, whole or not at all; the two folders may be on different disks."""
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(descriptor)
    try:
        shutil.copyfile(made, temporary)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

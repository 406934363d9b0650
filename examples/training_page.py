"""What the examples put into docs/training.md: text between markers, and plots beside it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import torch

from symce.figures import Figure, save

PAGE = Path(__file__).resolve().parent.parent / "docs" / "training.md"


def write(name: str, content: str, *figures: Figure, page: Path = PAGE) -> None:
    """Put the content between the page's markers of this name, and the figures as SVG into plots/ beside the page.

    Raises ValueError where the page has no such markers; nothing is written then.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"{page.name}: no {begin} and {end} to write between; put these lines where the text belongs")
    plots = page.parent / "plots"
    plots.mkdir(exist_ok=True)
    for figure in figures:
        save(figure, plots / f"{figure.name}.svg")
    page.write_text(f"{before}{begin}\n{content.strip()}\n{end}{after}", encoding="utf-8")


def image(figure: Figure) -> str:
    """The Markdown that shows a figure."""
    return f"![{figure.alt}](plots/{figure.name}.svg)"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table: words on the left, numbers on the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """The class of machine that a time was taken on."""
    info = Path("/proc/cpuinfo")  # platform.processor() is empty on most Linux systems
    named = re.search(r"^model name\s*:\s*(.+)$", info.read_text(encoding="utf-8"), re.M) if info.exists() else None
    processor = " ".join(named[1].split()) if named else platform.machine()
    threads = torch.get_num_threads()
    return (
        f"{processor}, {os.cpu_count()} logical processors shared with other work, {threads} of them used, "
        f"{platform.system()}, Python {platform.python_version()}, PyTorch {torch.__version__}"
    )

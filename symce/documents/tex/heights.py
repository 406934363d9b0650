"""About how high a displayed formula is, from its LaTeX: enough to fill the frames of slides evenly."""

from __future__ import annotations

import re

#: a plain line, a sum with its limits, and what each fraction within a fraction adds, at 10 pt
LINE, SUM, FRACTION, NESTED = 12.0, 30.0, 24.0, 9.0
_TOKEN = re.compile(r"\\[dt]?frac(?![A-Za-z])|\\(?:sum|prod)(?![A-Za-z])|\\\\|\\begin\{(?:cases|aligned)\}|\\.|[{}]")


def formula_height(tex: str) -> float:
    """The height of a formula in pt at 10 pt; rows of ``aligned`` and ``cases`` are added up."""
    height, row = 0.0, LINE
    waiting = 0  # arguments of fractions that are still to come
    braces: list[bool] = []  # for each open brace, whether it is an argument of a fraction
    for match in _TOKEN.finditer(tex):
        token = match[0]
        depth = sum(braces)
        if token == r"\\":
            height, row = height + row + 3, LINE
        elif token.endswith("frac"):
            row = max(row, FRACTION + NESTED * depth)
            waiting += 2
        elif token in (r"\sum", r"\prod"):
            row = max(row, FRACTION + NESTED if depth else SUM)
        elif token == "{":
            braces.append(waiting > 0)
            waiting -= waiting > 0
        elif token == "}" and braces:
            braces.pop()
    return height + row

"""Which columns a table has: those of numbers flush right, long texts in columns that share what room is left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from symce.documents.blocks import Table
from symce.documents.markup import Piece, pieces

#: between two columns, in em
GAP = 1.2
#: a column of text is never narrower than this, in em
NARROWEST = 6.0
#: a letter of text is about this wide, in em
LETTER = 0.47


@dataclass(frozen=True)
class Columns:
    """The preamble of a tabular, and about how many lines each row takes."""

    preamble: str
    heights: tuple[int, ...]


def columns(table: Table, page: float, names: Mapping[str, str]) -> Columns:
    """The columns of a table on a page that is ``page`` em wide; ``names`` are what references are called."""
    cells = (table.head, *table.rows)
    natural = [max(text_width(row[n], names) for row in cells) for n in range(len(table.head))]
    room = page - GAP * (len(natural) - 1)
    if sum(natural) <= room:
        kinds = ["r" if n in table.numeric else "l" for n in range(len(natural))]
        return Columns(_preamble(kinds), (1,) * len(table.rows))
    wide = _wide(natural, room, set(table.numeric))
    left = room - sum(w for n, w in enumerate(natural) if n not in wide)
    total = sum(natural[n] for n in wide)
    widths = {n: max(NARROWEST, left * natural[n] / total) for n in wide}
    kinds = [
        rf">{{\raggedright\arraybackslash}}p{{{widths[n]:.2f}em}}" if n in wide else "r" if n in table.numeric else "l"
        for n in range(len(natural))
    ]
    heights = tuple(max([1, *(_lines(text_width(row[n], names), widths[n]) for n in wide)]) for row in table.rows)
    return Columns(_preamble(kinds), heights)


def text_width(text: str, names: Mapping[str, str]) -> float:
    """About how wide a text is on one line, in em. ``names`` as in ``columns``."""
    return sum(_piece_width(p, names) for p in pieces(text))


def _wide(natural: list[float], room: float, numeric: set[int]) -> list[int]:
    """The columns that are broken: the widest ones, as few as leave the others room."""
    order = sorted((n for n in range(len(natural)) if n not in numeric), key=lambda n: (-natural[n], n))
    for count in range(1, len(order) + 1):
        broken = order[:count]
        rest = sum(w for n, w in enumerate(natural) if n not in broken)
        if room - rest >= sum(max(NARROWEST, natural[n] / 4) for n in broken):
            return sorted(broken)
    return sorted(order)


def _lines(natural: float, width: float) -> int:
    return int(natural * 1.1 / width) + 1


def _preamble(kinds: list[str]) -> str:
    return "@{}" + rf"@{{\hspace{{{GAP}em}}}}".join(kinds) + "@{}"


def _piece_width(piece: Piece, names: Mapping[str, str]) -> float:
    if piece.style == "reference":
        return LETTER * len(names[piece.text])
    if piece.style == "math":
        glyphs = re.sub(r"\\(hat|mathbf|boldsymbol|mathrm|left|right|frac)(?![a-z])|[{}^_ ]", "", piece.text)
        return 0.62 * len(re.sub(r"\\[A-Za-z]+", "x", glyphs))
    return (0.53 if piece.style == "code" else LETTER) * len(piece.text)

"""Running text in LaTeX: its marks, its quotation marks, and letters that LaTeX's fonts have only in mathematics."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from symce.algebra.letters import GREEK, latex_letter
from symce.documents.markup import Piece, pieces
from symce.documents.notation import expand
from symce.documents.prose import latex_words

#: characters that stand in mathematics in LaTeX
_MATH = {
    **{letter: latex_letter(name) for name, letter in GREEK.items()},
    "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "∏": r"\prod", "√": r"\surd", "∞": r"\infty", "∘": r"\circ",
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "≡": r"\equiv", "±": r"\pm", "×": r"\times", "−": "-",
    "·": r"\cdot", "÷": r"\div", "→": r"\to", "←": r"\leftarrow", "↦": r"\mapsto", "⇒": r"\Rightarrow", "⊙": r"\odot",
    "∈": r"\in", "∉": r"\notin", "∀": r"\forall", "∃": r"\exists", "‖": r"\Vert", "⊤": r"\top", "ℓ": r"\ell",
    "ℒ": r"\mathcal{L}", "ℝ": r"\mathbb{R}", "𝔼": r"\mathbb{E}",
}  # fmt: skip
_HAT = "\u0302"
#: where a long name in code may be broken in running text
_BREAK = re.compile(r"(?<=[._(/,=])(?=[^\s.,)])")


def graphemes(text: str) -> list[str]:
    """A text as characters, accents with the letter that they stand on."""
    found: list[str] = []
    for ch in unicodedata.normalize("NFC", text):
        if found and unicodedata.combining(ch):
            found[-1] += ch
        else:
            found.append(ch)
    return found


def math_of(ch: str) -> str:
    """LaTeX, in mathematics or text alike, of a character that no text font has; "" where one has it."""
    if ch in _MATH:
        return rf"\ensuremath{{{_MATH[ch]}}}"
    if len(ch) > 1 and ch.endswith(_HAT):
        return rf"\ensuremath{{\hat{{{_MATH.get(ch[:-1], ch[:-1])}}}}}"
    kind, _, plain = unicodedata.decomposition(ch).partition(" ") if len(ch) == 1 else ("", "", "")
    if kind in ("<sub>", "<super>") and " " not in plain:
        letter = chr(int(plain, 16))
        return rf"\text{'sub' if kind == '<sub>' else 'super'}script{{{math_of(letter) or letter}}}"
    return ""


def plain(text: str) -> str:
    """Text without marks, such as a title: every character stands for itself."""
    return "".join(math_of(ch) or latex_words(ch, math=False) for ch in graphemes(text))


def inline_code(text: str) -> str:
    """Code within a sentence; it may be broken after a dot, a bracket or a comma."""
    parts = (plain(p).replace("'", r"\straightquote{}").replace("--", "-{}-") for p in _BREAK.split(text))
    broken = r"\allowbreak{}".join(parts)
    return rf"\texttt{{{broken}}}"


@dataclass(frozen=True)
class Texts:
    """Writes texts in the marks of documents.markup.

    ``labels`` are what a reference to each label is called; those of ``absent`` (a live figure on paper) have no place
    to link to. ``link`` is the LaTeX command that makes a link of a label and words: ``\\hyperref`` needs its label in
    brackets, ``\\hyperlink`` in braces.
    """

    labels: Mapping[str, str]
    absent: frozenset[str]
    notation: Literal["hat-pi", "p"]
    link: Literal["hyperref", "hyperlink"]

    def text(self, text: str) -> str:
        """One text as LaTeX. Raises MarkupError for marks that do not pair and KeyError for an unknown label."""
        result, quotes = "", 0
        for piece in pieces(text):
            if piece.style == "text":
                written, quotes = _quoted(piece.text, quotes)
                result += written
            else:
                result += self.piece(piece)
        return result

    def piece(self, piece: Piece) -> str:
        match piece.style:
            case "math":
                return f"${expand(piece.text, self.notation)}$"
            case "code":
                return inline_code(piece.text)
            case "emphasis":
                return rf"\emph{{{plain(piece.text)}}}"
            case "strong":
                return rf"\textbf{{{plain(piece.text)}}}"
            case "reference":
                return self.reference(piece.text)
            case "link":
                return rf"\href{{{_address(piece.target)}}}{{{plain(piece.text)}}}"
        return plain(piece.text)

    def reference(self, label: str) -> str:
        """Theorem 3, as a link to it."""
        words = plain(self.labels[label])
        if label in self.absent:
            return words
        word, _, number = words.rpartition(" ")
        if self.link == "hyperref":
            return rf"\hyperref[{label}]{{{word}~\ref*{{{label}}}}}"
        return rf"\hyperlink{{{label}}}{{{word}~{number}}}"


def _quoted(text: str, before: int) -> tuple[str, int]:
    """Straight double quotes as opening and closing ones; ``before`` is how many there were so far."""
    first, *rest = text.split('"')
    result = plain(first)
    for part in rest:
        result += ("''" if before % 2 else "``") + plain(part)
        before += 1
    return result, before


def _address(target: str) -> str:
    return re.sub(r"([#%&_{}\\])", r"\\\1", target)

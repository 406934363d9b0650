"""Sentences of rules and losses for each format: what is mathematics in them is set as such, the rest is escaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from symce.algebra.letters import GREEK, P_HAT, Symbols, latex_letter, unicode_letter

_GREEK = r"alpha|beta|gamma|eps|tau|lambda|sigma(?=\()"
#: s_k, t^(n-1), tanh^2, gamma, a letter on its own (but not the words a, A, I, O)
_MATH = re.compile(
    r"\b(?P<base>[A-Za-z])_(?P<index>[a-z]{1,2})\b"
    r"|(?<=[A-Za-z)])\^(?P<power>\d|[a-z]\b|\([^()]*\))"
    rf"|\b(?P<greek>{_GREEK})\b"
    r"|(?<![\w.'\u2019-])(?P<letter>[b-zB-HJ-NP-Z])(?![\w'\u2019-]|\.\w)"
)
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{ch: "\\" + ch for ch in "$&%#_"},
}

#: grave, acute, circumflex, tilde, macron, breve, dot, diaeresis, ring, double acute, caron, cedilla
_ACCENTS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327"
_IN_FONT = "ßæœøåłÆŒØÅŁ–—‘’“”…"


def latex_words(text: str, *, math: bool = True) -> str:
    """A sentence in LaTeX."""
    return _words(text, lambda s: "".join(_TEX.get(ch) or _glyph(ch) for ch in _printable(s)), math)


def _glyph(ch: str) -> str:
    """A character as LaTeX's standard fonts have it; one that they do not have by its number."""
    if ch.isascii() or ch in _IN_FONT:
        return ch
    for name, letter in GREEK.items():
        if letter == ch:
            return f"${latex_letter(name)}$"
    parts = unicodedata.normalize("NFD", ch)
    if parts[0].isascii() and all(mark in _ACCENTS for mark in parts[1:]):
        return ch
    return rf"\texttt{{U+{ord(ch):04X}}}"


def markdown_words(text: str, *, math: bool = True) -> str:
    """A sentence in Markdown, on one line."""
    return _words(text, lambda s: re.sub(r"([\\`*_<>\[\]|$])", r"\\\1", _printable(s)), math)


def marked_words(text: str, *, math: bool = True) -> str:
    """A sentence in the marks of markup.py, on one line."""
    return _words(text, lambda s: re.sub(r"([$`*\[\\])", r"\\\1", _printable(s)), math, {P_HAT: r"\ph"})


def unicode_words(text: str) -> str:
    """A sentence for a terminal."""

    def replace(match: re.Match[str]) -> str:
        if match["base"]:
            return unicode_letter(_entry(match["base"]), tuple(match["index"]))
        return unicode_letter(match["greek"]) if match["greek"] else match[0]

    return _MATH.sub(replace, _printable(text))


def _words(text: str, escape: Callable[[str], str], math: bool, symbols: Symbols | None = None) -> str:
    if not math:
        return escape(text)
    result, position = "", 0
    for match in _MATH.finditer(text):
        result += escape(text[position : match.start()]) + f"${_latex(match, symbols)}$"
        position = match.end()
    # a letter and its power are one formula: two dollar signs side by side would begin a displayed one
    return (result + escape(text[position:])).replace("$${}^", "^")


def _latex(match: re.Match[str], symbols: Symbols | None) -> str:
    if match["base"]:
        return latex_letter(_entry(match["base"]), tuple(match["index"]), symbols)
    if match["power"]:
        inner = match["power"].strip("()")
        return f"{{}}^{{{inner}}}"
    return latex_letter(match["greek"] or match["letter"])


def _entry(base: str) -> str:
    return P_HAT if base == "p" else base


def _printable(text: str) -> str:
    return " ".join("".join(ch if ch.isprintable() else " " for ch in text).split(" "))

"""LaTeX to MathML as browsers draw it: latex2mathml does the work, this module what MathML Core leaves out.

Browsers know ``mathvariant`` for nothing but upright letters, neither ``menclose`` nor ``columnalign``, and set no thin
space about log. Bold letters therefore become letters of Unicode's own, a box and an alignment become classes that the
page's style sheet draws, and the spaces of TeX are put in.
"""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml.converter import convert_to_element

from symce.documents.letters import DocumentError

#: what latex2mathml reads otherwise than TeX does
_SPELLED = (
    (re.compile(r"\\not\s*="), r"\\neq "),
    (re.compile(r"\\(?:l|r)Vert(?![A-Za-z])|\\Vert(?![A-Za-z])"), r"\\|"),
    (re.compile(r"\\(?:tag|label)\{[^{}]*\}|\\(?:nonumber|notag)(?![A-Za-z])"), ""),
    # a table of two columns: what stands before the mark is set flush right, what stands after it flush left
    (re.compile(r"\\begin\{(?:aligned|split|align\*?)\}"), r"\\begin{array}{rl}"),
    (re.compile(r"\\end\{(?:aligned|split|align\*?)\}"), r"\\end{array}"),
)
_ALIGNED = re.compile(r"\\begin\{(?:aligned|split|align\*?)\}")
#: first letters of Unicode's mathematical alphabets: by variant, (first plain letter, last, first of the alphabet)
_ALPHABETS = {
    "bold": (("A", "Z", 0x1D400), ("a", "z", 0x1D41A), ("Α", "Ω", 0x1D6A8), ("α", "ω", 0x1D6C2), ("0", "9", 0x1D7CE)),
    "bold-italic": (("A", "Z", 0x1D468), ("a", "z", 0x1D482), ("Α", "Ω", 0x1D71C), ("α", "ω", 0x1D736)),
}
_ALPHABETS["bold-italic"] += (("0", "9", 0x1D7CE),)
_BARS = "\u2016|"
_RELATIONS = tuple("=<>\u2264\u2265\u2248\u2260\u2192\u21d2\u21d4\u223c")
_PLUS_MINUS = ("+", "\u2212", "\u00b1", "\u2213")
_CLOSING = (")", "]", "}", "|", "\u2016", "!", "\u22a4")
_SCRIPTED = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
#: how many children an element must have
_ARGUMENTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
_THIN = "0.1667em"
#: where TeX lets a formula in running text break: after a relation that stands in no bracket
_RELATION = re.compile(r"(?:=|<|>|\\(?:le|ge|leq|geq|approx|neq|ne|to|Rightarrow|iff|sim)(?![A-Za-z]))")
#: a formula in running text that has more characters than this may break
_LONG = 30


def display(latex: str) -> str:
    """A formula on a line of its own. Raises DocumentError for LaTeX that does not become MathML."""
    return _mathml(latex, True)


def inline(latex: str) -> str:
    """A formula in running text; a long one as several that a browser may break between."""
    parts = _breakable(latex) if len(latex) > _LONG else [latex]
    return "<wbr>".join(_mathml(part, False) for part in parts)


@cache
def _mathml(latex: str, block: bool) -> str:
    spelled = latex
    for pattern, text in _SPELLED:
        spelled = pattern.sub(text, spelled)
    try:
        root = convert_to_element(spelled, display="block" if block else "inline")
    except Exception as error:
        raise DocumentError(
            f"latex2mathml cannot read the formula {latex!r} ({type(error).__name__}): write it otherwise, or teach "
            f"{__name__} how"
        ) from error
    root.attrib.pop("xmlns", None)
    aligned = _ALIGNED.search(latex) is not None
    for element in list(root.iter()):
        element.text = unescape(element.text) if element.text else None
        _known(element, latex)
        _element(element, aligned)
    for element in list(root.iter()):
        _upright(element)
    for element in list(root.iter()):
        _spaces(element)
        _signs(element)
    for element in list(root.iter()):
        _scripts(element)
    last = root[-1][-1] if len(root) and len(root[-1]) else root
    if last.tag == "mo" and (last.text or "") in _RELATIONS and not block:  # the formula goes on in the next part
        last.set("form", "infix")
    return tostring(root, encoding="unicode", short_empty_elements=False)


def _known(element: Element, latex: str) -> None:
    """What latex2mathml passes on without a word: a macro that it does not know, an argument that is not there."""
    text = (element.text or "").strip()
    unknown = text if element.tag != "mtext" and (text == "&" or (text.startswith("\\") and len(text) > 1)) else ""
    if not unknown and len(element) == _ARGUMENTS.get(element.tag, len(element)):
        return
    what = f"does not know {unknown!r}" if unknown else f"misses an argument of <{element.tag}>"
    raise DocumentError(f"latex2mathml {what} in the formula {latex!r}: write it otherwise, or teach {__name__} how")


def _element(element: Element, aligned: bool) -> None:
    variant = element.get("mathvariant", "")
    if variant in _ALPHABETS:
        del element.attrib["mathvariant"]
        element.text = "".join(_letter(ch, variant) for ch in element.text or "")
    if element.tag == "menclose":
        element.tag = "mrow"
        element.attrib.pop("notation", None)
        element.set("class", "boxed")
    if align := element.attrib.pop("columnalign", ""):
        element.set("class", align[0])
    if element.tag == "mtable" and aligned:
        element.set("displaystyle", "true")
        element.set("class", "aligned")
    if element.tag == "mi" and element.text in ("~", "\u2016", "\u223c", "\u00b7"):
        element.tag = "mo"
        element.text = element.text.replace("~", "\u223c")
    if element.tag == "mo" and element.text and element.text in _BARS and element.get("stretchy") != "true":
        element.attrib |= {"stretchy": "false", "lspace": "0.08em", "rspace": "0.08em"}


def _letter(ch: str, variant: str) -> str:
    for first, last, start in _ALPHABETS[variant]:
        if first <= ch <= last:
            return chr(start + ord(ch) - ord(first))
    return ch


def _upright(element: Element) -> None:
    """The word of ``\\mathrm{batch}`` as one word: letter by letter it would be a product."""
    letters = list(element)
    if len(letters) < 2 or element.tag != "mrow":
        return
    if all(c.tag == "mi" and c.get("mathvariant") == "normal" and len(c.text or "") == 1 for c in letters):
        word = "".join(c.text or "" for c in letters)
        for letter in letters:
            element.remove(letter)
        SubElement(element, "mi").text = word


def _spaces(row: Element) -> None:
    """TeX's thin space about the name of a function, except before a bracket or beside an operator."""
    if row.tag not in ("mrow", "mtd", "mstyle", "math"):
        return
    children = list(row)
    inserted = 0
    for position, child in enumerate(children):
        if not _is_function(child):
            continue
        for operator in child.iter("mo"):
            operator.attrib |= {"lspace": "0", "rspace": "0"}
        if position and _is_operand(children[position - 1]):
            row.insert(position + inserted, Element("mspace", {"width": _THIN}))
            inserted += 1
        if position + 1 < len(children) and _is_operand(children[position + 1]) and not _is_bracketed(row, child):
            row.insert(position + inserted + 1, Element("mspace", {"width": _THIN}))
            inserted += 1


def _signs(row: Element) -> None:
    """A plus or minus after another operator or an opening bracket belongs to what follows it."""
    for before, sign in pairwise(row):
        if sign.tag == "mo" and sign.text in _PLUS_MINUS and before.tag == "mo" and before.text not in _CLOSING:
            sign.set("form", "prefix")


def _scripts(element: Element) -> None:
    """TeX sets no space about the relations of an index: the sum over k=1."""
    if element.tag not in _SCRIPTED:
        return
    for script in element[1:]:
        for operator in script.iter("mo"):
            if "stretchy" not in operator.attrib:
                operator.attrib |= {"lspace": "0", "rspace": "0"}


def _is_function(element: Element) -> bool:
    base = element[0] if element.tag in ("msub", "msup", "msubsup", "munder") and len(element) else element
    word = base.text or ""
    return base.tag in ("mi", "mo") and len(word) > 1 and word.isalpha() and word.isascii()


def _is_operand(element: Element) -> bool:
    if element.tag == "mo":
        return element.text == "\u2202"
    return element.tag != "mspace" and not _is_function(element)


def _is_bracketed(row: Element, child: Element) -> bool:
    following = list(row)[list(row).index(child) + 1]
    first = next((e for e in following.iter() if not len(e)), following)
    return first.tag == "mo" and first.get("fence") == "true"


def _breakable(latex: str) -> list[str]:
    """The formula in parts, each but the last ending with a relation that stands in no bracket."""
    parts, start, depth, position = [], 0, 0, 0
    while position < len(latex):
        if latex[position] in "{([":
            depth += 1
        elif latex[position] in "})]":
            depth -= 1
        elif latex.startswith(r"\begin", position):
            depth += 1
        elif latex.startswith(r"\end", position):
            depth -= 1
        match = _RELATION.match(latex, position) if depth == 0 else None
        if match and match.end() < len(latex) and latex[start : match.start()].strip():
            parts.append(latex[start : match.end()])
            start = position = match.end()
            continue
        if latex[position] == "\\":  # the name of a macro is one token
            name = re.compile(r"\\(?:[A-Za-z]+|.)").match(latex, position)
            position = name.end() if name else position + 1
        else:
            position += 1
    return [*parts, latex[start:]]

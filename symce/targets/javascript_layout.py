"""JavaScript expressions in lines of at most 120 characters, two spaces a level.

A call breaks between its arguments, but one whose last argument is a function stays around it; a chain of operators
breaks before each operator, within parentheses, so that no line end is taken for the end of a statement.
"""

from __future__ import annotations

from symce.targets.layout import WIDTH, Precedence, Text, prefixed

_ARROW = "(k) => "


def arrow(body: Text) -> Text:
    """The function of the class ``k`` that has this value; a conditional stands in parentheses."""
    return prefixed(_ARROW, body.within(Precedence.AND))


def statement(prefix: str, expression: Text, indent: int, suffix: str = "", *, bracketed: bool = False) -> list[str]:
    """``prefix expression suffix``, indented by ``indent`` spaces.

    ``bracketed``: the expression stands within brackets, so that a chain may break without new ones.
    """
    pad = " " * indent
    whole = f"{pad}{prefix}{expression.text}{suffix}"
    if len(whole) <= WIDTH or not expression.pieces:
        return [whole]
    if expression.head:
        return _call(prefix, expression, indent, suffix)
    if len(expression.pieces) == 1:
        opening = expression.text.partition("(")[0] if not expression.text.startswith(_ARROW) else _ARROW
        inner = statement("", expression.pieces[0], indent + 2, bracketed=True)
        return [f"{pad}{prefix}{opening}(", *inner, f"{pad}){suffix}"]
    if not bracketed:
        opening = _ARROW if expression.text.startswith(_ARROW) else ""
        if opening:
            first = expression.pieces[0]
            rest = Text(
                first.text.removeprefix(_ARROW), first.precedence, first.head.removeprefix(_ARROW), first.pieces
            )
            expression = Text(expression.text.removeprefix(_ARROW), pieces=(rest, *expression.pieces[1:]))
        inner = statement("", expression, indent + 2, bracketed=True)
        return [f"{pad}{prefix}{opening}(", *inner, f"{pad}){suffix}"]
    broken = [
        line
        for piece in expression.pieces
        for line in statement("", piece, indent + (2 if piece.text[:2] in ("? ", ": ") else 0), bracketed=True)
    ]
    return [f"{pad}{prefix}{broken[0][indent:]}", *broken[1:-1], broken[-1] + suffix]


def _call(prefix: str, expression: Text, indent: int, suffix: str) -> list[str]:
    pad, args = " " * indent, expression.pieces
    if args[-1].text.startswith(_ARROW):
        before = "".join(f"{a.text}, " for a in args[:-1])
        return statement(f"{prefix}{expression.head}({before}", args[-1], indent, f"){suffix}")
    together = " " * (indent + 2) + ", ".join(a.text for a in args)
    inner = [together]
    if len(together) > WIDTH:
        inner = [line for a in args for line in statement("", a, indent + 2, ",", bracketed=True)]
    return [f"{pad}{prefix}{expression.head}(", *inner, f"{pad}){suffix}"]

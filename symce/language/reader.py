"""The reader of one text: from Python's ``ast`` to the syntax tree of the language, by an allow-list.

The text is never evaluated, compiled or handed to SymPy. Whatever is not listed here is refused, with its place and
what would be allowed.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from typing import NoReturn

from symce.language import grammar as G
from symce.language import numbers as N
from symce.language import tree as T
from symce.language.errors import LossError, Source

_OPERATORS: dict[type, str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
_RELATIONS: dict[type, str] = {
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
}  # fmt: skip
_NOUNS: dict[type, str] = {
    ast.Attribute: "attribute access",
    ast.Lambda: "a lambda",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.NamedExpr: "an assignment",
    ast.JoinedStr: "a string",
    ast.Starred: "a starred argument",
    ast.IfExp: "an if expression",
    ast.BoolOp: "and, or",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.Tuple: "a tuple",
    ast.List: "a list",
    ast.Set: "a set",
    ast.Dict: "a dict",
    ast.Slice: "a slice",
    ast.Compare: "a comparison",
    ast.BinOp: "this operator",
    ast.UnaryOp: "this operator",
    ast.Subscript: "an index of an index",
    ast.Call: "a call",
    ast.Constant: "a constant",
}
ALLOWED = f"Allowed: z[k], p[k], y[k], s[k], K, parameters, numbers, + - * / **, {', '.join(G.CALLS)}."


@dataclass
class Parser:
    """One text while it is read. ``vectors`` maps each vector to whether it may be used here (a remedy if it may not);
    ``scalars`` are the parameters of one number; ``free`` are the indices that are not bound by a sum."""

    source: Source
    vectors: Mapping[str, str | None]
    scalars: frozenset[str]
    free: frozenset[str]
    sums: bool = True
    used: set[str] = field(default_factory=set)
    nodes: int = 0
    #: the values of the trees that hold numbers alone, by identity
    constants: dict[int, Fraction] = field(default_factory=dict)
    _shift: int = 0

    def parse(self) -> T.Tree:
        """The tree of the text. Raises LossError."""
        text = self.source.text
        if len(text) > G.LENGTH:
            self.fail(f"{len(text)} characters; at most {G.LENGTH} are allowed", 0)
        for position, character in enumerate(text):
            if not (character in "\n\t" or (character.isascii() and character.isprintable())):
                self.fail(f"the character {character!a} is not allowed", position, "Use ASCII letters.")
            if character in "#\\;":
                self.fail(f"the character {character!r} is not allowed", position, ALLOWED)
        self._check_brackets(text)
        flat = text.replace("\n", " ").replace("\t", " ")
        self._shift = len(flat) - len(flat.lstrip())
        if not flat.strip():
            self.fail("is empty", 0, ALLOWED)
        return self.read(self._python(flat.strip()), frozenset(), 0)

    def _python(self, flat: str) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's opinion of "2(3)" is of no interest here
                return ast.parse(flat, mode="eval").body
        except SyntaxError as error:
            self.fail(f"is no expression: {error.msg}", self._shift + max(0, (error.offset or 1) - 1), ALLOWED)
        except (ValueError, RecursionError, MemoryError):
            self.fail("is too deep or too large to read", 0, f"At most {G.DEPTH} levels and {G.NODES} nodes.")

    def _check_brackets(self, text: str) -> None:
        depth = 0
        for position, character in enumerate(text):
            depth += (character in "([{") - (character in ")]}")
            if depth > G.DEPTH:
                self.fail(f"brackets are nested more than {G.DEPTH} deep", position)

    def fail(self, message: str, offset: int, remedy: str = "") -> NoReturn:
        raise LossError(message, self.source, min(offset, len(self.source.text)), remedy) from None

    def at(self, node: ast.AST) -> int:
        return self._shift + int(getattr(node, "col_offset", 0))

    def refuse(self, node: ast.AST) -> NoReturn:
        what = _NOUNS.get(type(node), type(node).__name__)
        self.fail(f"{what} is not allowed here", self.at(node), ALLOWED)

    def read(self, node: ast.expr, scope: frozenset[str], depth: int) -> T.Tree:
        """The tree of a node, with the indices of ``scope`` bound around it."""
        self.nodes += 1
        if self.nodes > G.NODES:
            self.fail(f"more than {G.NODES} nodes", self.at(node), "Split the loss, or name parts of it as parameters.")
        if depth > G.DEPTH:
            self.fail(f"nested more than {G.DEPTH} deep", self.at(node))
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name():
                return self.scalar(node, scope)
            case ast.Subscript():
                return self.item(node, scope)
            case ast.UnaryOp(op=ast.USub()):
                operand = self.read(node.operand, scope, depth + 1)
                negated = T.Apply("neg", (operand,))
                if id(operand) in self.constants:
                    self.constants[id(negated)] = -self.constants[id(operand)]
                return negated
            case ast.UnaryOp(op=ast.UAdd()):
                return self.read(node.operand, scope, depth + 1)
            case ast.BinOp() if type(node.op) in _OPERATORS:
                # a chain a + b + c nests to the left without being deep
                left = self.read(node.left, scope, depth if isinstance(node.left, ast.BinOp) else depth + 1)
                right = self.read(node.right, scope, depth + 1)
                return self.operator(node, _OPERATORS[type(node.op)], left, right)
            case ast.Call():
                return self.call(node, scope, depth)
        self.refuse(node)

    def number(self, node: ast.Constant) -> T.Number:
        if isinstance(node.value, str | bytes):
            self.fail("a string is not allowed here", self.at(node), ALLOWED)
        try:
            number = T.Number(N.number(self._text(node)))
        except N.NumberRefused as refused:
            self.fail(refused.message, self.at(node), refused.remedy)
        self.constants[id(number)] = number.value
        return number

    def _text(self, node: ast.expr) -> str:
        """The text of a node, of which line breaks are no part."""
        return self.source.text[self.at(node) : self._shift + (node.end_col_offset or 0)]

    def operator(self, node: ast.BinOp, name: str, left: T.Tree, right: T.Tree) -> T.Tree:
        tree = T.Apply(name, (left, right))
        a, b = self.constants.get(id(left)), self.constants.get(id(right))
        try:
            value = N.combine(name, a, b)
        except N.NumberRefused as refused:
            self.fail(refused.message, self.at(node.right if refused.right else node), refused.remedy)
        if value is not None:
            self.constants[id(tree)] = value
        return tree

    def scalar(self, node: ast.Name, scope: frozenset[str]) -> T.Tree:
        name = node.id
        if name == "K":
            return T.Scalar("K")
        if name in self.scalars:
            self.used.add(name)
            return T.Scalar(name)
        if name in self.vectors:
            self.fail(f"{name} is a vector over the classes", self.at(node), f"Give it an index: {name}[k].")
        if name in scope or name in self.free:
            self.fail(f"{name} is an index of classes, not a number", self.at(node), f"Write z[{name}], p[{name}], ...")
        if name in G.CALLS:
            self.fail(f"{name} is a function", self.at(node), f"Call it: {name}(...).")
        self.unknown(node, name, [*self.scalars, "K", *self.usable])

    @property
    def usable(self) -> list[str]:
        """The vectors that may be used here."""
        return [name for name, refusal in self.vectors.items() if refusal is None]

    def unknown(self, node: ast.AST, name: str, known: list[str]) -> NoReturn:
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        self.fail(f"unknown name {name[:40]!r}", self.at(node), f"{hint}Known here: {', '.join(sorted(set(known)))}.")

    def item(self, node: ast.Subscript, scope: frozenset[str]) -> T.Tree:
        if not isinstance(node.value, ast.Name):
            self.refuse(node.value)
        base = node.value.id
        if base in self.scalars:
            self.fail(f"{base} is one number and takes no index", self.at(node), 'Give the parameter shape = "K".')
        if base not in self.vectors:
            self.unknown(node.value, base, self.usable)
        refusal = self.vectors[base]
        if refusal is not None:
            self.fail(f"{base} cannot be used here", self.at(node), refusal)
        self.used.add(base)
        return T.Item(base, self.index(node.slice, scope))

    def index(self, node: ast.expr, scope: frozenset[str]) -> str:
        if not isinstance(node, ast.Name):
            self.fail("an index is a name", self.at(node), "Bind one with Sum(..., k).")
        if node.id not in scope and node.id not in self.free:
            self.unbound(node, scope)
        return node.id

    def unbound(self, node: ast.Name, scope: frozenset[str]) -> NoReturn:
        name = node.id[: G.NAME]
        known = sorted(scope | self.free)
        if not self.sums:
            remedy = "An inner map is written in the index k alone: z[k]."
        elif name == "c":
            remedy = 'c, the true class, goes with target = "index".'
        else:
            bound = f"Bound here: {', '.join(known)}." if known else "No index is bound here."
            remedy = f"{bound} Bind it: Sum(..., {name})."
        self.fail(f"the index {name!r} is not bound", self.at(node), remedy)

    def call(self, node: ast.Call, scope: frozenset[str], depth: int) -> T.Tree:
        if not isinstance(node.func, ast.Name):
            self.refuse(node.func)
        name = node.func.id
        if name not in G.CALLS:
            self.unknown(node.func, name, list(G.CALLS))
        if node.keywords:
            self.fail("keyword arguments are not allowed", self.at(node.keywords[0].value), ALLOWED)
        if name in G.BINDERS:
            return self.binder(node, name, scope, depth)
        if name == "where":
            return self.where(node, scope, depth)
        least, most = G.ARITY[name]
        if not least <= len(node.args) <= most:
            count = f"{least}" if least == most else f"{least} to {most}"
            self.fail(f"{name} takes {count} argument(s), not {len(node.args)}", self.at(node))
        args = tuple(self.read(a, scope, depth + 1) for a in node.args)
        try:
            N.of_function(name, self.constants.get(id(args[0])))
        except N.NumberRefused as refused:
            self.fail(refused.message, self.at(node))
        return T.Apply(name, args)

    def binder(self, node: ast.Call, name: str, scope: frozenset[str], depth: int) -> T.Tree:
        if not self.sums:
            self.fail(f"{name} is not allowed in an inner map", self.at(node), "It maps each logit by itself.")
        if len(node.args) != 2 or not isinstance(node.args[1], ast.Name):
            self.fail(f"{name} takes an expression and an index", self.at(node), f"Write {name}(z[k], k).")
        index = node.args[1].id
        if G.why_no_name(index) or index in G.RESERVED or index in self.scalars or index in self.vectors:
            self.fail(
                f"{index[: G.NAME]!r} cannot be an index", self.at(node.args[1]), "Choose a name such as k, l or m."
            )
        if index in scope or index in self.free:
            self.fail(f"the index {index!r} is bound twice", self.at(node.args[1]), "Choose another name for one.")
        body = self.read(node.args[0], scope | {index}, depth + 1)
        return T.Sum(body, index) if name == "Sum" else T.LogSumExp(body, index)

    def where(self, node: ast.Call, scope: frozenset[str], depth: int) -> T.Tree:
        if len(node.args) != 3:
            self.fail(f"where takes 3 arguments, not {len(node.args)}", self.at(node), "Write where(a < b, x, y).")
        test = node.args[0]
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _RELATIONS):
            self.fail("the condition of where is one comparison", self.at(test), "Write a < b, or k == c for indices.")
        relation = _RELATIONS[type(test.ops[0])]
        condition = self.condition(relation, test.left, test.comparators[0], scope, depth)
        return T.Where(condition, self.read(node.args[1], scope, depth + 1), self.read(node.args[2], scope, depth + 1))

    def condition(
        self, relation: str, left: ast.expr, right: ast.expr, scope: frozenset[str], depth: int
    ) -> T.IndexEqual | T.Compare:
        known = scope | self.free
        names = [n.id for n in (left, right) if isinstance(n, ast.Name)]
        if len(names) == 2 and known & set(names) and not {"K", *self.scalars} & set(names):
            indices = [self.index(n, scope) for n in (left, right)]
            if relation not in ("eq", "ne"):
                self.fail("indices are compared by == and != alone", self.at(left))
            if indices[0] == indices[1]:
                self.fail(f"{indices[0]} is compared with itself", self.at(left))
            return T.IndexEqual(indices[0], indices[1], relation == "ne")
        return T.Compare(relation, self.read(left, scope, depth + 1), self.read(right, scope, depth + 1))

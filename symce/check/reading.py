"""A proof read from JSON values and checked for its form: docs/proof-format.md.

What is read here trusts nothing: heads and lengths of lists, that every index is declared or bound, that the vectors
have one shape throughout. Whether the mathematics is true is for ``symce.check.proof`` to find out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symce.check.document import KINDS, Claim, Definition, Document, DocumentError, Line, Node

FORMAT = "symce-proof"
VERSION = 1

DOMAINS = ("real", "nonnegative", "positive", "unit")
FUNCTIONS = ("log", "exp", "tanh", "abs", "sign", "sigmoid", "softplus")
RELATIONS = ("eq", "ne", "lt", "le", "gt", "ge")
#: a class by its number; the true class of a sample
FIXED, FOLLOWS = re.compile(r"[12]"), re.compile(r"c\((\w+|%\d+)\)")
#: how many expressions stand below a head, where there is nothing else to it
_ARITY = {"pow": 2, "product": 2, **dict.fromkeys(FUNCTIONS, 1)}


def read(data: Any) -> Document:
    """A document. Raises DocumentError where ``data`` does not follow the format."""
    if not isinstance(data, Mapping):
        raise DocumentError(f"a proof is a JSON object, not {type(data).__name__}")
    if data.get("format") != FORMAT or data.get("version") != VERSION:
        raise DocumentError(
            f"this is {data.get('format')!r}, version {data.get('version')!r}; read are {FORMAT!r}, version {VERSION}"
        )
    reader = _Reader(_kinds(data), _strings(data, "domains"))
    for letter, domain in reader.domains.items():
        if domain not in DOMAINS:
            raise DocumentError(f"domains: {letter!r} has the domain {domain!r}; allowed are {', '.join(DOMAINS)}")
    definitions = {}
    for position, entry in enumerate(_list(data, "definitions")):
        name, definition = reader.definition(entry, f"definitions[{position}]")
        definitions[name] = definition
    _no_circle(definitions)
    reader.defined = frozenset(definitions)
    lines = [Line(reader.line(data.get("statement"), 0, "statement"))]
    for number, step in enumerate(_list(data, "steps"), 1):
        if not isinstance(step, Mapping) or not all(isinstance(step.get(t), str) for t in ("rule", "why")):
            raise DocumentError(f"step {number}: a step is an object with expr, rule and why")
        relation = step.get("relation", "=")
        if relation not in ("=", "<=", ">="):
            raise DocumentError(f"step {number}: the relation is =, <= or >=, not {relation!r}")
        expr = reader.line(step.get("expr"), number, f"step {number}")
        lines.append(Line(expr, step["rule"], step["why"], relation))
    last = data["steps"][-1]["expr"] if data["steps"] else data["statement"]
    reader.known_letters(definitions)
    return Document(
        name=str(data.get("name")),
        indices=reader.indices,
        domains=reader.domains,
        assumptions=tuple(str(a) for a in _list(data, "assumptions")),
        cites=tuple(str(c) for c in _list(data, "cites")),
        definitions=definitions,
        lines=tuple(lines),
        claims=tuple(reader.claims),
        ends_in_result=data.get("result") == last,
    )


@dataclass
class _Reader:
    indices: Mapping[str, str]
    domains: Mapping[str, str]
    defined: frozenset[str] = frozenset()
    shapes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    nodes: dict[Any, Node] = field(default_factory=dict)
    at: int = 0

    def line(self, data: Any, number: int, where: str) -> Node:
        self.at = number
        return self.node(data, self.indices, where)

    def definition(self, data: Any, where: str) -> tuple[str, Definition]:
        if not isinstance(data, Mapping):
            raise DocumentError(f"{where}: a definition is an object with name, indices and value")
        scope = _kinds(data, where)
        name = self.node(data.get("name"), scope, where)
        indices = name.names[1:]
        if name.op not in ("entry", "sym") or sorted(indices) != sorted(scope) or len(set(indices)) < len(indices):
            raise DocumentError(f"{where}: what is defined is an entry with the indices {sorted(scope)}, each once")
        if "value" in data:
            return name.names[0], Definition(indices, self.node(data["value"], scope, where))
        over = data.get("over")
        if not (isinstance(over, list) and len(over) == 2 and over[1] in KINDS):
            raise DocumentError(f"{where}: without a value it needs through, slope and over, which is [index, kind]")
        inner = {**scope, str(over[0]): str(over[1])}
        through, slope = (self.node(data.get(part), inner, where) for part in ("through", "slope"))
        return name.names[0], Definition(indices, None, through, (str(over[0]), str(over[1])), slope)

    def node(self, data: Any, scope: Mapping[str, str], where: str) -> Node:
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            raise DocumentError(f"{where}: an expression is a list that begins with its kind, not {data!r:.80}")
        op, *rest = data
        match op:
            case "num" | "sym" | "size":
                return self.leaf(op, rest, where)
            case "entry" | "softmax":
                return self.entry(op, rest, scope, where)
            case "delta":
                if len(rest) != 2 or self.kind(rest[0], scope, where) != self.kind(rest[1], scope, where):
                    raise DocumentError(f"{where}: a delta has two indices of one kind, not {rest}")
                return self.make(op, tuple(rest), (), free_of(rest))
            case "sum" | "prod" | "lse":
                if len(rest) != 3 or rest[1] not in KINDS or not isinstance(rest[0], str):
                    raise DocumentError(f"{where}: {op} has an index, a kind of {sorted(KINDS)} and a body")
                body = self.node(rest[2], {**scope, rest[0]: rest[1]}, where)
                return self.make(op, (rest[0], rest[1]), (body,), (), bound=rest[0])
            case "add" | "mul":
                if not rest:
                    raise DocumentError(f"{where}: {op} has no terms")
                return self.make(op, (), tuple(self.node(a, scope, where) for a in rest))
            case "named":
                return self.named(rest, scope, where)
            case "total" | "partial":
                return self.derivative(op, rest, scope, where)
            case "where":
                return self.where(rest, scope, where)
        if _ARITY.get(op) != len(rest):
            raise DocumentError(f"{where}: {op!r} with {len(rest)} arguments is no expression of version {VERSION}")
        return self.make(op, (), tuple(self.node(a, scope, where) for a in rest))

    def leaf(self, op: str, rest: list[Any], where: str) -> Node:
        if len(rest) != 1 or not isinstance(rest[0], str):
            raise DocumentError(f"{where}: {op} has one string, not {rest}")
        if op == "size" and rest[0] not in KINDS.values():
            raise DocumentError(f"{where}: the sizes are {', '.join(KINDS.values())}, not {rest[0]!r}")
        if op == "num" and not re.fullmatch(r"-?[0-9]+(/0*[1-9][0-9]*)?", rest[0], re.ASCII):
            raise DocumentError(f"{where}: {rest[0]!r} is no rational number such as -2/3")
        return self.make(op, (rest[0],), (), marks={rest[0]} if op == "sym" else set())

    def entry(self, op: str, rest: list[Any], scope: Mapping[str, str], where: str) -> Node:
        if len(rest) < 2:
            raise DocumentError(f"{where}: {op} has a vector and its indices, not {rest}")
        vector, *indices = (str(r) for r in rest)
        shape = tuple(self.kind(name, scope, where) for name in indices)
        if op == "softmax" and shape[-1] != "class":
            raise DocumentError(f"{where}: softmax is over classes, and {indices[-1]!r} runs over {shape[-1]!r}")
        if self.shapes.setdefault(vector, shape) != shape:
            raise DocumentError(
                f"{where}: {vector} has entries by {shape}, but elsewhere by {self.shapes[vector]}: give one a name of "
                "its own"
            )
        return self.make(
            op, (vector, *indices), (), free_of(indices), marks={vector if op == "entry" else f"p:{vector}"}
        )

    def named(self, rest: list[Any], scope: Mapping[str, str], where: str) -> Node:
        if len(rest) != 2 or not isinstance(rest[0], list) or not rest[0]:
            raise DocumentError(f"{where}: named has a name, which is a list, and what it stands for")
        value = self.node(rest[1], scope, where)
        head = rest[0][0]
        if head in ("total", "partial") or (head == "entry" and rest[0][1:2] and rest[0][1] in self.defined):
            name = self.node(rest[0], scope, where)
            free = sorted({*name.free, *value.free})
            self.claims.append(Claim(self.at, name, value, {n: scope[n] for n in free}))
        elif head not in ("sym", "entry", "call") or not all(isinstance(part, str) for part in rest[0]):
            raise DocumentError(f"{where}: a name is a sym, an entry, a call or a derivative, not {rest[0]!r:.80}")
        return self.make("named", (), (value,))

    def derivative(self, op: str, rest: list[Any], scope: Mapping[str, str], where: str) -> Node:
        if len(rest) != 2:
            raise DocumentError(f"{where}: {op} has a function and a variable")
        function, variable = (self.node(a, scope, where) for a in rest)
        heads = ("entry",) if op == "total" else ("entry", "softmax", "sigmoid")
        if variable.op not in heads or (variable.op == "sigmoid" and variable.args[0].op != "entry"):
            raise DocumentError(f"{where}: the variable of {op} is one of {', '.join(heads)}, each of an entry")
        return self.make(op, (), (function, variable))

    def where(self, rest: list[Any], scope: Mapping[str, str], where: str) -> Node:
        if len(rest) != 3 or not isinstance(rest[0], list) or len(rest[0]) != 3 or rest[0][0] not in RELATIONS:
            raise DocumentError(f"{where}: where has a condition [{'|'.join(RELATIONS)}, left, right] and two values")
        parts = (rest[0][1], rest[0][2], rest[1], rest[2])
        return self.make("where", (rest[0][0],), tuple(self.node(a, scope, where) for a in parts))

    def make(
        self,
        op: str,
        names: tuple[str, ...],
        args: tuple[Node, ...],
        free: Sequence[str] = (),
        *,
        bound: str = "",
        marks: set[str] | None = None,
    ) -> Node:
        """The node; the same object for the same expression, so that its value need be found but once."""
        key = (op, names, args)
        if key not in self.nodes:
            if op == "sigmoid" and args[0].op == "entry":
                marks = {f"s:{args[0].names[0]}"}
            elif marks is None:
                marks = set().union(*(a.marks for a in args))
            inner = {f for a in args for f in a.free if f != bound}
            self.nodes[key] = Node(op, names, args, tuple(sorted(inner.union(free))), frozenset(marks))
        return self.nodes[key]

    def kind(self, name: Any, scope: Mapping[str, str], where: str) -> str:
        if isinstance(name, str) and FIXED.fullmatch(name):
            return "class"
        if isinstance(name, str) and (follows := FOLLOWS.fullmatch(name)) and scope.get(follows[1]) == "sample":
            return "class"
        if name not in scope:
            raise DocumentError(f"{where}: the index {name!r} is neither bound nor declared in indices")
        return scope[name]

    def known_letters(self, definitions: Mapping[str, Definition]) -> None:
        """Raises DocumentError for a vector or a parameter without a domain and without a definition."""
        letters = {n.names[0] for n in self.nodes.values() if n.op in ("entry", "softmax", "sym")}
        unknown = sorted(letters - self.domains.keys() - definitions.keys())
        if unknown:
            raise DocumentError(f"{unknown[0]!r} has neither a domain nor a definition")


def free_of(indices: Sequence[str]) -> list[str]:
    """The free indices among those of an entry: a class by its number is none, c(i) follows i."""
    found = (FOLLOWS.sub(r"\1", name) for name in indices if not FIXED.fullmatch(name))
    return list(dict.fromkeys(found))


def _no_circle(definitions: Mapping[str, Definition]) -> None:
    """Raises DocumentError where a letter is defined by itself."""
    below = {}
    for name, d in definitions.items():
        marks = {m for part in (d.value, d.through, d.slope) if part for m in part.marks}
        below[name] = {m.rpartition(":")[2] for m in marks}
    for name in definitions:
        reached: set[str] = set()
        fresh = {name}
        while fresh:
            fresh = set().union(*(below.get(n, set()) for n in fresh)) - reached
            reached |= fresh
        if name in reached:
            raise DocumentError(f"definitions: {name!r} is defined by itself")


def _kinds(data: Mapping[str, Any], where: str = "indices") -> Mapping[str, str]:
    kinds = _strings(data, "indices")
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise DocumentError(f"{where}: index {name!r} runs over {kind!r}; allowed are {', '.join(KINDS)}")
    return kinds


def _strings(data: Mapping[str, Any], key: str) -> Mapping[str, str]:
    value = data.get(key)
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise DocumentError(f"{key} is an object of strings, not {value!r:.80}")
    return value


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list):
        raise DocumentError(f"{key} is a list, not {value!r:.80}")
    return value

"""Plans of a RowProgram whose classes are spread over processes: what is computed here, and what has to be sent.

A sum over the classes, the largest of a row and the entry at a class need all processes; anything else is computed by
each for its own classes. ``split`` gives every such value a name. The entry of what is computed class by class is
computed from the entries of what that is made of, so that only logits, targets and the like are asked for.
``schedule`` puts the values in order, with as few messages as their dependencies allow: whatever can be added up
at the same time goes in one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from symce.kernel.ir import LIFT, OF_ROWS, Const, Gather, Input, Let, Map, Node, OneHot, Reduce, RowProgram, Var, walk

#: How a value of several processes is had: the largest of a row and its class; a sum of all; or in messages of its own.
LARGEST, SUMS, LESS = "largest", "sums", "less"
#: The name of a value a row that is 1, but NaN where a logit is +inf.
ONE_OR_NAN = "one_or_nan"
_LIFTED = ("exp_difference", "exp_quotient", "exp_multiple")
_ONE = Const(Fraction(1))


@dataclass(frozen=True)
class Message:
    """Values that are had from all processes at once."""

    kind: str
    lets: tuple[Let, ...]


@dataclass(frozen=True)
class Split:
    """A program in which each value of several processes is the whole value of a Let."""

    lets: tuple[Let, ...]
    outputs: Mapping[str, Node]

    def needed(self, nodes: Iterable[Node], given: Iterable[str] = ()) -> list[Let]:
        """The Lets that the nodes are made of, in order; what is ``given`` needs none."""
        names = {name for node in nodes for name in variables(node)} - set(given)
        lets = []
        for let in reversed(self.lets):
            if let.name in names:
                lets.append(let)
                names |= set(variables(let.value)) - set(given)
        return lets[::-1]

    def across(self, *outputs: str) -> tuple[Let, ...]:
        """The values of several processes that these outputs are made of, in order."""
        return tuple(let for let in self.needed(self.outputs[o] for o in outputs) if kind(let.value))


def kind(value: Node) -> str | None:
    """How the value of a Let is had from other processes; None where it is computed here."""
    match value:
        case Reduce():
            return None if value.body.shape != "row" else LARGEST if value.op in ("max", "argmax") else SUMS
        case Gather():
            return SUMS if value.source.shape == "row" else None
        case Map():
            return LESS if value.op in OF_ROWS else None
    return None


def split(program: RowProgram, *, one_or_nan: bool = False) -> Split:
    """The program with a name for each value of several processes.

    ``one_or_nan``: a row with a logit of +inf is NaN, whatever the closed forms make of it: the value is multiplied by
    the value of that name, and derivatives are to be.
    """
    work = _Splitter({i.name for i in program.inputs})
    for let in program.lets:
        value = work.inside(let.value, let.name)
        work.renamed[let.name] = value if isinstance(value, Var) else work.name(let.name, value, let.note)
    outputs = {name: work.output(name, node) for name, node in program.outputs.items()}
    if one_or_nan:
        top = work.rewrite(Reduce("max", Input("logits", "row")), "top")
        one = Map("add", (Map("sub", (top, top)), _ONE))
        factor = work.name(ONE_OR_NAN, one, "1, but NaN where the largest is +inf")
        outputs["value"] = Map("mul", (work.name("plain_value", outputs["value"]), factor))
    return Split(tuple(work.lets), outputs)


def schedule(plan: Split, nodes: Iterable[Node], given: Iterable[str] = ()) -> list[Let | Message]:
    """What the nodes are made of, in an order in which it can be had.

    The largest come first, and a sum is sent only when no more can join it.
    """
    known = set(given)
    waiting = plan.needed(nodes, known)
    steps: list[Let | Message] = []
    while waiting:
        ready = [let for let in waiting if known.issuperset(variables(let.value))]
        done = [let for let in ready if kind(let.value) is None]
        if done:
            steps += done
        else:
            which = next(k for k in (LARGEST, LESS, SUMS) if any(kind(let.value) == k for let in ready))
            done = [let for let in ready if kind(let.value) == which]
            steps.append(Message(which, tuple(done)))
        known |= {let.name for let in done}
        waiting = [let for let in waiting if let.name not in known]
    return steps


def variables(node: Node) -> list[str]:
    """The names of Lets that a node is made of."""
    return [n.name for n in walk(node) if isinstance(n, Var)]


@dataclass
class _Splitter:
    """Rewrites one Let after the other."""

    taken: set[str]
    lets: list[Let] = field(default_factory=list)
    named: dict[Node, Var] = field(default_factory=dict)
    #: what stands for a Let of the program: it, or another of the same value
    renamed: dict[str, Var] = field(default_factory=dict)

    def value(self, variable: Var) -> Node:
        return next(let.value for let in self.lets if let.name == variable.name)

    def name(self, name: str, value: Node, note: str = "") -> Var:
        """The variable that has the value, a new one if there is none yet."""
        if value not in self.named:
            free = next(n for n in (name, *(f"{name}_{k}" for k in range(2, 1000))) if n not in self.taken)
            self.taken.add(free)
            self.lets.append(Let(free, value, note))
            self.named[value] = Var(free, value.shape)
        return self.named[value]

    def output(self, name: str, node: Node) -> Node:
        value = self.rewrite(node, name)
        return Map("own", (value,)) if value.shape == "class" else value

    def rewrite(self, node: Node, name: str) -> Node:
        """The node as ``inside`` makes it, by its name if it has one or is of several processes."""
        value = self.inside(node, name)
        if value in self.named:
            return self.named[value]
        if kind(value) is None:
            return value
        if isinstance(value, Reduce):
            return self.name({"sum": f"{name}_sum", "max": "top", "argmax": "top_class"}.get(value.op, value.op), value)
        return self.name(f"{name}_part", value)

    def inside(self, node: Node, name: str) -> Node:
        """The node with names for whatever below it is of several processes."""
        match node:
            case Var():
                return self.renamed[node.name]
            case Reduce():
                return Reduce(node.op, self.rewrite(node.body, name))
            case Gather():
                return self.entry(self.rewrite(node.source, name), self.rewrite(node.index, name))
            case OneHot():
                return OneHot(self.rewrite(node.index, name))
            case Map():
                args = tuple(self.rewrite(a, name) for a in node.args)
                if node.shape == "row":  # one value a class is whole at each process; beside a row it is cut
                    args = tuple(Map("own", (a,)) if a.shape == "class" else a for a in args)
                return Map(node.op, args)
        return node

    def entry(self, source: Node, index: Node) -> Node:
        """The entry of a value at a class index a row."""
        if isinstance(source, Map) and source.op == "own":
            return Gather(source.args[0], index)
        if source.shape == "class":
            return Gather(source, index)
        if source.shape != "row":
            return source
        if isinstance(index, Var) and self.value(index) == Reduce("argmax", source):
            return self.name("top", Reduce("max", source))
        place = index.name if isinstance(index, Var | Input) else "index"
        match source:
            case Input():
                return self.name(f"{source.name}_at_{place}", Gather(source, index))
            case Var() if kind(self.value(source)):
                return self.name(f"{source.name}_at_{place}", Gather(source, index))
            case Var():
                value = self.entry(self.value(source), index)
                return self.name(f"{source.name}_at_{place}", value) if isinstance(value, Map) else value
            case OneHot():
                return Map("eq", (source.index, index))
            case Map():
                if source.op == "where" and source.args[0] == OneHot(index):
                    return self.entry(source.args[1], index)
                args = tuple(self.entry(a, index) for a in source.args)
                if source.op in _LIFTED and args[0] == args[1]:
                    return Const(Fraction(LIFT))
                return Map(source.op, args)
        raise TypeError(f"no entry of {source!r} can be had")

"""What both layouts of a native kernel share: the names of a program in C, and how its parts become statements."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symce.kernel.ir import Input, Let, Map, Node, OneHot, Reduce, RowProgram, Var, walk
from symce.targets.native_expressions import Scope, wrapped
from symce.targets.native_plan import Pass, Plan, plan

#: Words of C, names that the generated file uses itself, and fields of its structs.
_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false
    asm typeof real bits storage class class_t four total add rounded load store product power minimum maximum
    divergence expm1_less softmax_less exp_lifted exp_down exp_difference exp_quotient exp_multiple difference_error
    sum_error if_finite add_lane fold_lanes first_at any_infinite prefetch INFINITY NAN NULL LANES BLOCK K k l k0 end
    row out entry factor factors loss losses weights call options threads stride number certain next scratch parameters
    derivative exp log pow fabs fmin fmax fma rint expm1 log1p sqrt tanh floor gamma lgamma tgamma signbit y0 y1 yn j0
    j1 jn linux unix
"""
RESERVED = frozenset(_WORDS.split())
#: How names end or begin that printed functions have beside those of the program; and what may be a macro.
_TAKEN = re.compile(r".*(_of|_here|_from|_total|_nan|_rest|_k|_l|_stride)|t\d+|[A-Z][A-Z0-9_]+")


def c_name(name: str) -> str:
    """The name in C."""
    return f"{name}_" if name in RESERVED or _TAKEN.fullmatch(name) else name


class Output(NamedTuple):
    """What a function of rows computes: the name of its entry, and the outputs of the program that it writes."""

    name: str
    wanted: tuple[str, ...]

    @property
    def derivative(self) -> str | None:
        """The output that is written to the derivative."""
        return next((w for w in self.wanted if w != "value"), None)


OUTPUTS = {
    "value": Output("value", ("value",)),
    "value_and_grad": Output("value_and_grad", ("value", "gradient")),
    "hvp": Output("hvp", ("hvp",)),
}


class Traits(NamedTuple):
    """What a printer has to know of the loss.

    ``limit``: a row with one logit of +inf has a limit; ``multilabel``: each entry has a loss of its own; ``defaults``:
    of the parameters that are numbers.
    """

    limit: bool
    multilabel: bool
    defaults: Mapping[str, float]


class FunctionPrinter(ABC):
    """Prints the function that computes one output for one row, or for many side by side."""

    def __init__(self, program: RowProgram, output: Output, helpers: set[str], traits: Traits) -> None:
        self.plan: Plan = plan(program.only(*output.wanted))
        self.output, self.helpers = output, helpers
        self.limit, self.multilabel, self.defaults = traits
        self.elementwise = "value" in self.plan.outputs and self.plan.is_row(self.plan.outputs["value"])
        self.text: list[str] = []
        self.temporaries = 0
        self._limited = False

    @property
    def stored(self) -> list[Let]:
        return [let for let in self.plan.lets.values() if let.name in self.plan.stored]

    @property
    def row_inputs(self) -> list[Input]:
        return [i for i in self.plan.inputs.values() if i.shape in ("row", "class")]

    # --- Layout: see symce.targets.native_expressions ---------------------------------------------------------------
    @abstractmethod
    def at_class(self, name: str, k: str) -> str: ...

    @abstractmethod
    def of_row(self, name: str) -> str: ...

    # --- what a layout prints --------------------------------------------------------------------------------------
    @abstractmethod
    def _between(self, lets: Sequence[Let]) -> None:
        """The values of one number a row."""

    @abstractmethod
    def _pass(self, step: Pass) -> None:
        """One pass over the classes."""

    @abstractmethod
    def _search(self, let: Let, top: Let) -> None:
        """The class of the maximum, after the pass that found it."""

    @abstractmethod
    def _where_infinite(self, top: str) -> None:
        """What is done where a logit is +inf."""

    def _body(self) -> None:
        passes = {p.stage: p for p in self.plan.passes}
        for stage in range(self.plan.last + 2):
            self._between(self.plan.between(stage))
            if stage in passes:
                self._pass(passes[stage])
                self._after(passes[stage])

    def _after(self, step: Pass) -> None:
        for let in step.reductions:
            value = let.value
            if isinstance(value, Reduce) and value.op == "max" and self._depends_on_logits(value) and not self._limited:
                if self.limit:
                    self._where_infinite(let.name)
                self._limited = True

    def _depends_on_logits(self, node: Node) -> bool:
        match node:
            case Input():
                return node.name == "logits"
            case Var():
                return self._depends_on_logits(self.plan.lets[node.name].value)
            case Map():
                return any(self._depends_on_logits(a) for a in node.args)
            case Reduce():
                return self._depends_on_logits(node.body)
        return False

    @property
    def exponent(self) -> str | None:
        """The parameter that all exponents are made of: the function is spelled out for its default too."""
        exponents = [
            {n.name for n in walk(power.args[1]) if isinstance(n, Input)}
            for root in (*(let.value for let in self.plan.lets.values()), *self.plan.outputs.values())
            for power in walk(root)
            if isinstance(power, Map) and power.op == "pow" and self.plan.is_number(power.args[1])
        ]
        names = {name for found in exponents for name in found}
        return names.pop() if len(names) == 1 and self.defaults.get(next(iter(names))) is not None else None

    def _named(self, kind: str, name: str) -> str:
        """The head of the function; where there is an exponent, of the one that it and its default are given to."""
        if self.exponent is None:
            return f"static {kind} {name}(const struct row *row)"
        return f"static ALWAYS_INLINE {kind} {name}_of(const struct row *row, const double {c_name(self.exponent)})"

    def _choice(self, kind: str, name: str) -> list[str]:
        """The function that calls the other with the default of the exponent, as a constant, or as it is given."""
        if self.exponent is None:
            return []
        given, default = f"row->call->{c_name(self.exponent)}", repr(self.defaults[self.exponent])
        return [
            "",
            f"static {kind} {name}(const struct row *row)",
            "{",
            *wrapped(f"return {given} == {default} ? {name}_of(row, {default}) : {name}_of(row, {given});", 4),
            "}",
        ]

    def _numbers(self) -> None:
        """The parameters that are numbers, and what is made of them alone."""
        for i in self.plan.inputs.values():
            if i.shape == "scalar" and i.name != self.exponent:
                self._line(f"const double {c_name(i.name)} = row->call->{c_name(i.name)};")
        for let in self.plan.numbers:
            scope = Scope(self, self.helpers, "k", [let.value])
            self._line(f"const double {c_name(let.name)} = {scope.number(let.value).text};")

    def _line(self, statement: str, indent: int = 4) -> None:
        self.text += wrapped(statement, indent)

    def _note(self, let: Let, indent: int = 4) -> None:
        if let.note:
            self.text += wrapped(f"// {let.note}", indent)


def one_entry(node: Node, plan: Plan) -> tuple[Node, Node, Node] | None:
    """(class, value there, row elsewhere) of a derivative that differs at one class, the value being one a row."""
    match node:
        case Map(op="where", args=(OneHot(index=index), then, otherwise)) if not plan.is_row(then):
            return index, then, otherwise
    return None

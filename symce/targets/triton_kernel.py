"""The kernel of one row: a program instance a row, which lies in registers as a whole or is passed over in blocks.

The passes are those of the plan (see ``native_plan``). Where a row is passed over in blocks, the sum of a softmax's
numerators is kept up with the largest logit (Milakov and Gimelshein 2018), so that it takes no pass of its own.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from symce.kernel.ir import Gather, Input, Let, Node, Reduce
from symce.targets.interface import Form, Interface
from symce.targets.layout import WIDTH, Text, call, definition
from symce.targets.native_plan import Pass, Plan, plan
from symce.targets.triton_expressions import Expressions, Numbers, tl_name
from symce.targets.triton_online import Online
from symce.targets.triton_program import expanded, needed_inputs, needed_rows
from symce.targets.triton_reductions import Reductions, statement

FLAGS = ("LIMIT", "GRADIENT", "ENTRIES", "ONE_HOT", "WEIGHTED", "SMOOTHED", "REAL", "BLOCK")
_POINTERS = ("logits_at", "target_at", "weight_at", "count_at", "factor_at", "loss_at", "gradient_at")
#: 1 where one logit is +inf and none is NaN
_INFINITIES = 'tl.sum(tl.where(x == x, tl.where(x == float("inf"), 1, 0), 2), axis=0)'


class KernelPrinter:
    """Prints the kernel of one program, of whole rows or of rows in blocks; see ``text``."""

    def __init__(self, i: Interface, form: Form, numbers: Numbers, *, blocks: bool) -> None:
        self.i, self.form, self.blocks = i, form, blocks
        self.effective = i.effective and form.name == "dense"
        self.plan: Plan = plan(expanded(form.program.only("value", "gradient")))
        self.numbers = numbers
        self.printed: list[str] = []
        self._known: set[str] = set()
        self._entries_known: dict[tuple[str, str], str] = {}
        self._depth = 1
        self._print = Expressions(self.plan, self, numbers)
        self._online = Online(self.plan, self._print) if blocks else None
        self._reductions = Reductions(self.plan, self._print, self._online)

    # --- Place: see Expressions -----------------------------------------------------------------------------------
    def is_known(self, name: str, k: str) -> bool:
        return k == "columns" and name in self._known

    def at_class(self, source: Input, k: str) -> Text:
        """An entry of an input; one of a class that all of a row reads is loaded once."""
        if k == "columns":
            return self._loaded(source, k)
        if (source.name, k) not in self._entries_known:
            name = f"{source.name}_entry_{len(self._entries_known) + 1}"
            self._assign(name, self._loaded(source, k))
            self._entries_known[source.name, k] = name
        return Text(self._entries_known[source.name, k])

    def _loaded(self, source: Input, k: str) -> Text:
        """What loads an entry; masked ones, and those of a row that does not count, are 0."""
        block = k == "columns"
        counted, inside = ((f"mask={mask}", "other=0.0") if block else () for mask in ("counted", "inside"))
        place = f"base + {'steps' if block else f'{k} * stride'}"
        if source.shape == "class":
            return _cast(call("tl.load", f"{source.name}_values + {k}", *inside))
        if source.name == "target" and self.effective:
            mask = "counted" if block else f"{k} < K"
            places = f"target_at + {place}", f"weight_at + {k}"
            return call("_effective", *places, k, "index", mask, "keep", "spread", "ONE_HOT", "WEIGHTED", "SMOOTHED")
        start = f"{source.name}_{'at' if source.name in ('logits', 'target') else 'values'}"
        loaded = _cast(call("tl.load", f"{start} + {place}", *counted))
        if source.name == "logits" and self.i.limit:
            return call("_certain", loaded, "limit")
        return loaded

    # --- statements -----------------------------------------------------------------------------------------------
    def _line(self, *statements: str) -> None:
        self.printed += ["    " * self._depth + statement for statement in statements]

    def _assign(self, name: str, value: Text, note: str = "", sign: str = "=") -> None:
        pad = "    " * self._depth
        self.printed += [f"{pad}# {line}" for line in textwrap.wrap(note, WIDTH - len(pad) - 2)]
        self.printed += statement(f"{name} {sign} ", value, 4 * self._depth)

    def text(self) -> str:
        """The whole function, with its decorator."""
        passes = {p.stage: p for p in self.plan.passes}
        self._start()
        for stage in range(self.plan.last + 2):
            for let in self.plan.lets.values():
                beside = self._online and self._online.beside(let)
                if beside and self.plan.stage(let.value) == stage:
                    self._assign(tl_name(let.name), beside, let.note)
            for let in self.plan.between(stage):
                self._between(let)
            if stage in passes:
                self._pass(passes[stage])
        if not self.i.kernel.elementwise:
            self._store_loss()
        for name in ("counted", "size", "steps", "inside"):
            self._drop_unread(name)
        head = []
        for n in self.numbers.values:
            head.append(f"    {n.name} = _number({n.name}_bits)")
            if any(f"{n.name}_real" in line for line in self.printed):
                head.append(f"    {n.name}_real = {n.name}.to(REAL)")
        bits = [f"{n.name}_bits" for n in self.numbers.values]
        if self.effective:
            bits += ["keep_bits", "spread_bits"]
            head += ["    keep = _number(keep_bits).to(REAL)", "    spread = _number(spread_bits).to(REAL)"]
        quoted = ", ".join(f'"{name}"' for name in bits)
        what = "A row that is passed over in blocks." if self.blocks else "A row that is held as a whole."
        decorator = f"@triton.jit(do_not_specialize=[{quoted}])" if bits else "@triton.jit"
        name = f"_{self.form.name}_{'blocks' if self.blocks else 'whole'}"
        return "\n".join([decorator, definition(name, self._arguments()), f'    """{what}"""', *head, *self.printed])

    def _between(self, let: Let) -> None:
        """A value of one number a row; the entry of an input is known by its name from then on."""
        match let.value:
            case Gather(source=Input() as source, index=index):
                k = self._print.value(index).text
                if (source.name, k) not in self._entries_known:
                    self._assign(tl_name(let.name), self._loaded(source, k), let.note)
                    self._entries_known[source.name, k] = tl_name(let.name)
                    return
        self._assign(tl_name(let.name), self._print.value(let.value), let.note)

    def _drop_unread(self, name: str) -> None:
        """Leave out the statements that name a value which nothing reads."""
        own = re.compile(rf" *{name} = ")
        if not any(re.search(rf"\b{name}\b", line) for line in self.printed if not own.match(line)):
            self.printed = [line for line in self.printed if not own.match(line)]

    def _arguments(self) -> list[str]:
        effective = ["keep_bits", "spread_bits"] if self.effective else []
        return [
            *_POINTERS,
            *(f"{p.name}_values" for p in self.i.kernel.params if p.shape != ""),
            *("K", "stride", *effective),
            *(f"{n.name}_bits" for n in self.numbers.values),
            *(f"{n.name}: tl.constexpr" for n in self.numbers.exponents),
            *(f"{flag}: tl.constexpr" for flag in FLAGS),
        ]

    # --- before the passes ----------------------------------------------------------------------------------------
    def _start(self) -> None:
        """Where the row lies, what its class is, and what it counts for."""
        self._line("row = tl.program_id(0).to(tl.int64)", "base = (row // stride) * stride * K + row % stride")
        if not self.i.kernel.elementwise:
            self._line("count = tl.load(count_at + row)", "size = tl.where(count == 0, 0, K)")
        for source in self.plan.inputs.values():
            if source.kind == "index":
                self._index(tl_name(source.name))
        if self.effective and not any(source.kind == "index" for source in self.plan.inputs.values()):
            self._line("index = tl.full((), 0, tl.int64)", "if ONE_HOT:")
            self._depth += 1
            self._index("index")
            self._depth -= 1
        if not self.blocks:
            self._line("columns = tl.arange(0, BLOCK)")
            self._columns()
        if self.i.limit:
            self._limit()

    def _index(self, name: str) -> None:
        self._line(
            f"{name} = tl.load(target_at + row).to(tl.int64)",
            f"{name} = tl.where(({name} >= 0) & ({name} < K), {name}, 0)  # out of range: the count is NaN",
        )

    def _columns(self) -> None:
        self._line("inside = columns < K")
        if self.i.kernel.elementwise:
            self._line(
                "weight = tl.full((BLOCK,), 1.0, REAL)",
                "if WEIGHTED:",
                "    weight = tl.load(weight_at + columns, mask=inside, other=0.0)",
            )
        self._line("counted = inside & (weight != 0)" if self.i.kernel.elementwise else "counted = columns < size")
        self._line("steps = columns.to(tl.int64) * stride")

    def _limit(self) -> None:
        """Whether softmax is certain of a class: one logit is +inf, and none is NaN."""
        self._line("limit = tl.full((), 0, tl.int1)", "if LIMIT:")
        self._depth += 1
        load = "x = tl.load(logits_at + base + steps, mask=counted, other=0.0).to(REAL)"
        if self.blocks:
            self._line("infinities = tl.full((), 0, tl.int32)")
            self._loop()
            self._line(load, f"infinities += {_INFINITIES}")
            self._depth -= 1
        else:
            self._line(load, f"infinities = {_INFINITIES}")
        self._line("limit = infinities == 1")
        self._depth -= 1

    def _loop(self) -> None:
        self._line("for start in range(0, K, BLOCK):")
        self._depth += 1
        self._line("columns = start + tl.arange(0, BLOCK)")
        self._columns()

    # --- passes ---------------------------------------------------------------------------------------------------
    def _pass(self, step: Pass) -> None:
        reductions = [r for r in step.reductions if not (self._online and self._online.knows(r))]
        outputs = {}
        if step.stage == self.plan.last:
            outputs = {n: o for n, o in self.plan.outputs.items() if n == "gradient" or self.i.kernel.elementwise}
        if not (reductions or outputs):
            return
        bodies = [r.value.body for r in reductions if isinstance(r.value, Reduce)]
        only_gradient = not reductions and "value" not in outputs
        if only_gradient:
            self._line("if GRADIENT:")
            self._depth += 1
        if self.blocks:
            self._line(*self._reductions.before(reductions))
            if "value" in outputs:
                self._line("loss_lanes = tl.zeros((BLOCK,), tl.float64)")
            self._known = set()
            self._loop()
        self._rows(bodies if outputs and not only_gradient and "value" not in outputs else [*bodies, *outputs.values()])
        for let in reductions:
            self.printed += self._reductions.reduce(let, 4 * self._depth)
        if "value" in outputs:
            self._entries(outputs["value"])
        if "gradient" in outputs:
            self._gradient(outputs["gradient"], needs_flag=not only_gradient)
        if self.blocks:
            self._depth -= 1
            self._known = set()
            self._line(*self._reductions.after(reductions))
            if "value" in outputs:
                self._line("if not ENTRIES:", "    tl.store(loss_at + row, tl.sum(loss_lanes, axis=0).to(REAL))")
        if only_gradient:
            self._depth -= 1

    def _rows(self, roots: Sequence[Node]) -> None:
        """Names for what the roots are made of, where they have none."""
        for source in needed_inputs(self.plan, list(roots), self._known):
            self._assign(tl_name(source.name), self._print.value(source))
            self._known.add(source.name)
        for name in needed_rows(self.plan, list(roots), self._known):
            let = self.plan.lets[name]
            self._assign(tl_name(name), self._print.value(let.value), let.note)
            self._known.add(name)

    def _gradient(self, node: Node, *, needs_flag: bool) -> None:
        if needs_flag:
            self._line("if GRADIENT:")
            self._depth += 1
            self._rows([node])
        value = self._print.value(node)
        if self._possible():
            value = call("tl.where", self._possible(), value, 'float("nan")')
        if self.i.kernel.elementwise:
            self._line("factor_here = weight * tl.load(factor_at + (base + steps if ENTRIES else row))")
            product = call("_product", "factor_here", value)
        else:
            product = call("_product", "tl.load(factor_at + row)", value)
        self._assign("gradient_here", product)
        self._line(
            "out = gradient_here.to(gradient_at.dtype.element_ty)",
            "tl.store(gradient_at + base + steps, out, mask=inside)",
        )
        if needs_flag:
            self._depth -= 1

    def _possible(self) -> str:
        """What is true of a row without a logit of +inf: what its loss and gradient are made of has a value."""
        if not self.i.limit:
            return ""
        for let in self.plan.lets.values():
            if let.value == Reduce("max", self.plan.inputs["logits"]):
                return f'{tl_name(let.name)} < float("inf")'
        raise ValueError(
            f"loss {self.i.kernel.name!r}: the largest logit of a row is not among what its kernel computes"
        )

    def _entries(self, node: Node) -> None:
        """The losses of the entries of a multilabel loss."""
        self._assign(
            "loss_here", call("tl.where", "inside", call("_product", "weight", self._print.value(node)), "0.0")
        )
        self._line("if ENTRIES:", "    tl.store(loss_at + base + steps, loss_here, mask=inside)")
        if self.blocks:
            self._line("loss_lanes += loss_here.to(tl.float64)")
        else:
            self._line("if not ENTRIES:", "    tl.store(loss_at + row, _total(loss_here, inside))")

    def _store_loss(self) -> None:
        value = self._print.value(self.plan.outputs["value"])
        if self._possible():
            value = call("tl.where", self._possible(), value, 'float("nan")')
        self._assign("losses", call("_product", "count", value))
        self._line("tl.store(loss_at + row, losses)")


def _cast(loaded: Text) -> Text:
    return Text(f"{loaded.text}.to(REAL)")

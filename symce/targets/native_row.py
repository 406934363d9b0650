"""The function of one row: its classes lie one after the other, and the passes over them are vectorised."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symce.kernel.ir import Const, Input, Let, Map, Node, OneHot, Reduce, Var
from symce.targets.native_expressions import C, Precedence, Scope
from symce.targets.native_layout import FunctionPrinter, c_name, one_entry
from symce.targets.native_plan import Pass


class RowPrinter(FunctionPrinter):
    """``static double row_NAME(const struct row *row)``: the loss; multilabel: its sum over the classes."""

    def at_class(self, name: str, k: str) -> str:
        return f"{c_name(name)}[{k}]"

    def of_row(self, name: str) -> str:
        return c_name(name)

    def function(self, name: str) -> str:
        """The text of the function."""
        self.text = [f"static double {name}(const struct row *row);", ""] if self.exponent and self.limit else []
        self.text += [self._named("double", name), "{"]
        self._line("const class_t K = row->classes;")
        for i in self.plan.inputs.values():
            if i.shape == "batch":
                self._line(f"const class_t {c_name(i.name)} = row->class;")
            elif i.name in ("logits", "target", "v"):
                self._line(f"const real *const {c_name(i.name)} = row->{c_name(i.name)};")
            elif i.shape == "class":
                self._line(f"const real *const {c_name(i.name)} = row->call->{c_name(i.name)};")
            elif i.shape == "row":
                self._line(f"const real *const {c_name(i.name)} = row->call->{c_name(i.name)} + row->number * K;")
        if self.output.derivative:
            self._line("storage *const out = row->derivative;")
        for place, let in enumerate(self.stored):
            pointer = f"row->scratch + {place} * row->stride"
            if self.output.derivative and let.name == self.plan.in_output:
                pointer = f"IN_OUTPUT(out, {pointer})"
            self._line(f"real *const {c_name(let.name)} = {pointer};")
        if self.output.derivative:
            self._line(
                "const real *const factors = row->factors;" if self.multilabel else "const real factor = row->factor;"
            )
        if self.elementwise:
            self._line("const real *const weights = row->weights;")
            self._line("storage *const losses = row->losses;")
        self._numbers()
        if self.limit and not any(self._depends_on_logits(p) for p in self._maxima()):
            self._line("if (!row->certain && any_infinite(row->logits, K))")
            self._line(f"return of_infinite(row, {name});", 8)
        self.name = name
        self._body()
        self._return()
        self.text += ["}", *self._choice("double", name)]
        return "\n".join(self.text)

    def _maxima(self) -> list[Node]:
        return [
            r.value
            for p in self.plan.passes
            for r in p.reductions
            if isinstance(r.value, Reduce) and r.value.op == "max"
        ]

    def _return(self) -> None:
        if "value" not in self.plan.outputs:
            self._line("return 0;")
        elif self.elementwise:
            self._line("return rounded(loss_total);")
        else:
            value = self.plan.outputs["value"]
            scope = Scope(self, self.helpers, "k", [value])
            text = scope.real(value).text
            for statement in scope.statements:
                self._line(statement)
            self._line(f"return {text};")

    def _between(self, lets: Sequence[Let]) -> None:
        if not lets:
            return
        scope = Scope(self, self.helpers, "no class", [let.value for let in lets])
        for let in lets:
            before = len(scope.statements)
            text = scope.real(let.value).text
            for statement in scope.statements[before:]:
                self._line(statement)
            self._note(let)
            self._line(f"const real {c_name(let.name)} = {text};")
            scope.know(let.value, c_name(let.name))

    def _pass(self, step: Pass) -> None:
        plain = [r for r in step.reductions if isinstance(r.value, Reduce) and r.value.op in ("sum", "max")]
        last = step.stage == self.plan.last
        derivative = self.plan.outputs.get(self.output.derivative or "") if last else None
        entry = None if derivative is None else one_entry(derivative, self.plan)
        row = entry[2] if entry else derivative
        value = self.plan.outputs["value"] if last and self.elementwise else None
        if entry:  # computed before the loop, which may write over what it reads
            scope = Scope(self, self.helpers, "no class", [entry[0], entry[1]])
            index, there = scope.real(entry[0]).text, scope.real(entry[1])
            for statement in scope.statements:
                self._line(statement)
            self._line(f"const real entry = {self._times_factor(there, index)};")
        if plain or step.stored or row is not None or value is not None:
            self._loop(step, plain, row, value)
        if entry:
            self._line(f"out[{index}] = store(entry);")
        for let in step.reductions:
            if isinstance(let.value, Reduce) and let.value.op == "excess":
                self._excess(let, let.value.body)
        for let in step.filled:
            self._fill(let)

    def _loop(self, step: Pass, plain: Sequence[Let], row: Node | None, value: Node | None) -> None:
        sums = [(r.name, r.value.body) for r in plain if isinstance(r.value, Reduce) and r.value.op == "sum"]
        tops = [(r.name, r.value.body) for r in plain if isinstance(r.value, Reduce) and r.value.op == "max"]
        totals = [name for name, _ in sums] + (["loss"] if value is not None else [])
        for name in totals:
            self._line(f"struct total {name}_total = {{0, 0}};")
        for name, _ in tops:
            self._line(f"real {c_name(name)} = -INFINITY;")
            self._line(f"int {name}_nan = 0;")
        for name in _searched(step, tops):
            self._line(f"class_t {name}_from = 0;")
        if not (totals or tops):
            self._inner(step, sums, tops, row, value, 4, blocked=False)
            return
        # a maximum is not rounded: what it is put together from may be longer than what is summed
        block = "BLOCK" if totals else "2 * BLOCK"
        self._line(f"for (class_t k0 = 0; k0 < K; k0 += {block}) {{")
        self._line(f"const class_t end = K - k0 < {block} ? K : k0 + {block};", 8)
        if step.stage == 1:
            self._line("prefetch(row->next + k0);  // the first pass over the next row waits for nothing, then", 8)
        bare = [(name, _without_entry(body)) for name, body in sums]
        indices = list(dict.fromkeys(i for _, (_, i) in bare if i is not None))
        if indices:  # most blocks have no class that a sum leaves out
            scope = Scope(self, self.helpers, "no class", [])
            here = " || ".join(f"({n} >= k0 && {n} < end)" for n in (scope.real(i).text for i in indices))
            self._line(f"if ({here}) {{", 8)
            self._inner(step, sums, tops, row, value, 12, blocked=True)
            self._line("} else {", 8)
            self._inner(step, [(name, body) for name, (body, _) in bare], tops, row, value, 12, blocked=True)
            self._line("}", 8)
        else:
            self._inner(step, sums, tops, row, value, 8, blocked=True)
        self._line("}")
        for name, _ in tops:
            self._line(f"if ({name}_nan) {c_name(name)} = NAN;")
        for name, _ in sums:
            self._line(f"const real {c_name(name)} = rounded({name}_total);")

    def _inner(
        self,
        step: Pass,
        sums: Sequence[tuple[str, Node]],
        tops: Sequence[tuple[str, Node]],
        row: Node | None,
        value: Node | None,
        indent: int,
        *,
        blocked: bool,
    ) -> None:
        """The vectorised loop over the classes of one block, or of the row, and what is reduced of it."""
        bodies = list(dict.fromkeys(body for _, body in sums))  # equal ones are summed once
        first = {body: next(name for name, other in sums if other == body) for body in bodies}
        totals = [first[body] for body in bodies] + (["loss"] if value is not None else [])
        for name in totals:
            self._line(f"real {name}_here = 0;", indent)
        for name, _ in tops:
            self._line(f"real {name}_here = -INFINITY;", indent)
        reductions = [f"+ : {', '.join(f'{n}_here' for n in totals)}"] if totals else []
        if tops:
            reductions.append(f"max : {', '.join(f'{n}_here' for n, _ in tops)}")
            reductions.append(f"| : {', '.join(f'{n}_nan' for n, _ in tops)}")
        self._line("#pragma omp simd" + "".join(f" reduction({r})" for r in reductions), indent)
        self._line("for (class_t k = k0; k < end; k++) {" if blocked else "for (class_t k = 0; k < K; k++) {", indent)
        roots = [let.value for let in step.stored] + [*bodies, *(b for _, b in tops)]
        roots += [n for n in (row, value) if n is not None]
        scope = Scope(self, self.helpers, "k", roots)
        done = 0

        def line(statement: str) -> None:
            nonlocal done
            for needed in scope.statements[done:]:
                self._line(needed, indent + 4)
            done = len(scope.statements)
            self._line(statement, indent + 4)

        for let in step.stored:
            scope.define(let.value, f"{let.name}_k")
            scope.know(Var(let.name, let.value.shape), f"{let.name}_k")
        for name, body in tops:
            x = scope.named(body)
            line(f"{name}_here = {x} > {name}_here ? {x} : {name}_here;")
            line(f"{name}_nan |= {x} != {x};")
        for body in bodies:
            line(f"{first[body]}_here += {scope.real(body).text};")
        if value is not None:
            self.helpers.add("product")
            line(f"const real loss_k = product(weights[k], {scope.real(value).text});")
            line("losses[k] = store(loss_k);")
            line("loss_here += loss_k;")
        if row is not None:
            line(f"out[k] = store({self._times_factor(scope.real(row), 'k')});")
        for let in step.stored:  # last, as it may be over the logits
            line(f"{c_name(let.name)}[k] = {let.name}_k;")
        self._line("}", indent)
        for name, body in sums:
            self._line(f"add(&{name}_total, {first[body]}_here);", indent)
        if value is not None:
            self._line("add(&loss_total, loss_here);", indent)
        for name in _searched(step, tops):
            self._line(f"{name}_from = {name}_here > {c_name(name)} ? k0 : {name}_from;", indent)
        for name, _ in tops:
            self._line(f"{c_name(name)} = {name}_here > {c_name(name)} ? {name}_here : {c_name(name)};", indent)

    def _times_factor(self, value: C, k: str) -> str:
        if self.multilabel:
            self.helpers.add("product")
            return f"product(factors[{k}], {value.text})"
        return f"factor * {value.within(Precedence.UNARY)}"

    def _after(self, step: Pass) -> None:
        super()._after(step)
        for let in step.reductions:
            if isinstance(let.value, Reduce) and let.value.op == "argmax":
                top = next(t for t in step.reductions if t.value == Reduce("max", let.value.body))
                self._search(let, top)

    def _search(self, let: Let, top: Let) -> None:
        assert isinstance(let.value, Reduce)
        body = let.value.body
        assert isinstance(body, Input | Var)
        self.helpers.add("first_at")
        found = f"first_at({c_name(body.name)}, {top.name}_from, K, {c_name(top.name)})"
        self._line(f"const class_t {c_name(let.name)} = {found};")

    def _where_infinite(self, top: str) -> None:
        self._line(f"if ({c_name(top)} == INFINITY && !row->certain) return of_infinite(row, {self.name});")

    def _excess(self, let: Let, body: Node) -> None:
        self._line(f"struct total {let.name}_total = {{-1, 0}};")
        self._line("for (class_t k = 0; k < K; k++) {")
        scope = Scope(self, self.helpers, "k", [body])
        text = scope.real(body).text
        for statement in scope.statements:
            self._line(statement, 8)
        self._line(f"add(&{let.name}_total, {text});", 8)
        self._line("}")
        self._line(f"const real {c_name(let.name)} = rounded({let.name}_total);")

    def _fill(self, let: Let) -> None:
        assert isinstance(let.value, Map)
        self.helpers.add(let.value.op)
        scope = Scope(self, self.helpers, "no class", [])
        args = []
        for place, a in enumerate(let.value.args):
            if self.plan.is_row(a):
                assert isinstance(a, Input | Var)
                args.append(c_name(a.name))
            else:
                args.append(scope.number(a).text if place == 4 else scope.real(a).text)
        self._line(f"{let.value.op}({c_name(let.name)}, {', '.join(args)}, K);")


def _without_entry(body: Node) -> tuple[Node, Node | None]:
    """(the terms of a sum that leaves one class out, that class), or the body and None."""
    match body:
        case Map(op="where", args=(OneHot(index=index), Const(value=Fraction(numerator=0)), terms)):
            return terms, index
    return body, None


def _searched(step: Pass, tops: Sequence[tuple[str, Node]]) -> list[str]:
    """The maxima of which the class is asked for, by name."""
    return [name for name, body in tops if any(r.value == Reduce("argmax", body) for r in step.reductions)]

"""The function of many short rows: they lie side by side, row by row across the lanes of the vector registers."""

from __future__ import annotations

from collections.abc import Sequence

from symce.kernel.ir import Let, Node, Reduce, Var
from symce.targets.native_expressions import Scope
from symce.targets.native_layout import FunctionPrinter, c_name
from symce.targets.native_plan import Pass


class LanesPrinter(FunctionPrinter):
    """``static int lanes_NAME(const struct row *row)``: LANES rows, as arrays [K][LANES].

    It returns 0, or 1 where a logit of +inf asks for the rows one by one; then it has written nothing.
    """

    def at_class(self, name: str, k: str) -> str:
        if name in self.plan.inputs and self.plan.inputs[name].shape == "class":
            return f"{c_name(name)}[{k}]"
        return f"{c_name(name)}[{k} * LANES + l]"

    def of_row(self, name: str) -> str:
        known = self.plan.lets.get(name)
        number = self.plan.is_number(known.value) if known else self.plan.inputs[name].shape == "scalar"
        return c_name(name) if number else f"{c_name(name)}[l]"

    def function(self, name: str) -> str:
        """The text of the function."""
        self.text = [self._named("int", name), "{"]
        self._line("const class_t K = row->classes;")
        for i in self.plan.inputs.values():
            if i.shape == "batch":
                self._line(f"const class_t *const {c_name(i.name)} = row->lane_classes;")
            elif i.name in ("logits", "target", "v"):
                self._line(f"const real *const {c_name(i.name)} = row->{c_name(i.name)};")
            elif i.shape == "class":
                self._line(f"const real *const {c_name(i.name)} = row->call->{c_name(i.name)};")
            elif i.shape == "row":
                self._line(f"const real *const {c_name(i.name)} = row->parameters[{self._place(i.name)}];")
        for place, let in enumerate(self.stored):
            self._line(f"real *const {c_name(let.name)} = row->scratch + {place} * row->stride * LANES;")
        if self.output.derivative:
            self._line("real *const out = row->lane_derivative;")
            self._line("const real *const factors = row->factors;")
        if "value" in self.plan.outputs:
            self._line("real *const loss = row->lane_losses;")
        self._numbers()
        self._body()
        self._value()
        self._line("return 0;")
        self.text += ["}", *self._choice("int", name)]
        return "\n".join(self.text)

    def _place(self, name: str) -> int:
        rows = [
            i.name for i in self.plan.inputs.values() if i.shape == "row" and i.name not in ("logits", "target", "v")
        ]
        return rows.index(name)

    def _value(self) -> None:
        value = self.plan.outputs.get("value")
        if value is None or self.elementwise:
            return
        self._each_lane([], "loss[l]", value)

    def _each_lane(self, lets: Sequence[Let], target: str = "", node: Node | None = None) -> None:
        """A loop over the lanes that computes values of one number a row."""
        for let in lets:
            self._line(f"real {c_name(let.name)}[LANES];")
        self._line("#pragma omp simd")
        self._line("for (int l = 0; l < LANES; l++) {")
        scope = Scope(self, self.helpers, "no class", [*(let.value for let in lets), *([node] if node else [])])
        done = 0
        for let in lets:
            text = scope.real(let.value).text
            for statement in scope.statements[done:]:
                self._line(statement, 8)
            done = len(scope.statements)
            self._note(let, 8)
            self._line(f"const real {let.name}_l = {text};", 8)
            self._line(f"{c_name(let.name)}[l] = {let.name}_l;", 8)
            scope.know(let.value, f"{let.name}_l")
            scope.know(Var(let.name, let.value.shape), f"{let.name}_l")
        if node is not None:
            text = scope.real(node).text
            for statement in scope.statements[done:]:
                self._line(statement, 8)
            self._line(f"{target} = {text};", 8)
        self._line("}")

    def _between(self, lets: Sequence[Let]) -> None:
        if lets:
            self._each_lane(lets)

    def _pass(self, step: Pass) -> None:
        last = step.stage == self.plan.last
        derivative = self.plan.outputs.get(self.output.derivative or "") if last else None
        value = self.plan.outputs["value"] if last and self.elementwise else None
        sums = [(r.name, r.value.body) for r in step.reductions if isinstance(r.value, Reduce) and r.value.op == "sum"]
        tops = [(r.name, r.value.body) for r in step.reductions if isinstance(r.value, Reduce) and r.value.op == "max"]
        excesses = [
            (r.name, r.value.body) for r in step.reductions if isinstance(r.value, Reduce) and r.value.op == "excess"
        ]
        winners = {
            r.value.body: r.name for r in step.reductions if isinstance(r.value, Reduce) and r.value.op == "argmax"
        }
        if not (sums or tops or excesses or step.stored or derivative is not None or value is not None):
            return
        for name, _ in sums:
            self._line(f"real {c_name(name)}[LANES] = {{0}}, {name}_rest[LANES] = {{0}};")
        for name, body in tops:
            self._line(f"real {c_name(name)}[LANES];")
            self._line(f"real {name}_nan[LANES] = {{0}};")
            if body in winners:
                self._line(f"class_t {c_name(winners[body])}[LANES] = {{0}};")
            self._line(f"for (int l = 0; l < LANES; l++) {c_name(name)}[l] = -INFINITY;")
        for name, _ in excesses:
            self._line(f"real {c_name(name)}[LANES], {name}_rest[LANES] = {{0}};")
            self._line(f"for (int l = 0; l < LANES; l++) {c_name(name)}[l] = -1;")
        self._line("for (class_t k = 0; k < K; k++) {")
        self._line("#pragma omp simd", 8)
        self._line("for (int l = 0; l < LANES; l++) {", 8)
        roots = [let.value for let in step.stored] + [b for _, b in (*sums, *tops, *excesses)]
        roots += [n for n in (derivative, value) if n is not None]
        scope = Scope(self, self.helpers, "k", roots)
        done = 0

        def flush() -> None:
            nonlocal done
            for statement in scope.statements[done:]:
                self._line(statement, 12)
            done = len(scope.statements)

        for let in step.stored:
            scope.define(let.value, f"{let.name}_k")
            scope.know(Var(let.name, let.value.shape), f"{let.name}_k")
            flush()
            self._line(f"{self.at_class(let.name, 'k')} = {let.name}_k;", 12)
        for name, body in tops:
            text = scope.named(body)
            flush()
            top = f"{c_name(name)}[l]"
            if body in winners:
                winner = f"{c_name(winners[body])}[l]"
                self._line(f"{winner} = {text} > {top} ? k : {winner};", 12)
            self._line(f"{top} = {text} > {top} ? {text} : {top};", 12)
            self._line(f"{name}_nan[l] = {text} != {text} ? {text} : {name}_nan[l];", 12)
        for name, body in sums:
            text = scope.real(body).text
            flush()
            self._line(f"add_lane(&{c_name(name)}[l], &{name}_rest[l], {text});", 12)
        for name, body in excesses:
            text = scope.named(body)
            flush()
            self._line(f"{name}_rest[l] += sum_error({c_name(name)}[l], {text});", 12)
            self._line(f"{c_name(name)}[l] += {text};", 12)
            self.helpers.add("sum_error")
        if value is not None:
            text = scope.real(value).text
            flush()
            self._line(f"loss[k * LANES + l] = {text};", 12)
        if derivative is not None:
            text = scope.real(derivative).text
            flush()
            factor = "factors[k * LANES + l]" if self.multilabel else "factors[l]"
            self.helpers.add("product")
            self._line(f"out[k * LANES + l] = product({factor}, {text});", 12)
        self._line("}", 8)
        for name, _ in sums:
            self._line(f"fold_lanes({c_name(name)}, {name}_rest, k, K);", 8)
            self.helpers.add("lanes")
        self._line("}")
        for name, _ in tops:
            self._line(f"for (int l = 0; l < LANES; l++) {c_name(name)}[l] += {name}_nan[l];")
        for name, _ in excesses:
            self._line(f"for (int l = 0; l < LANES; l++) {c_name(name)}[l] += if_finite({name}_rest[l]);")

    def _search(self, let: Let, top: Let) -> None:
        """The pass has found the class too."""

    def _where_infinite(self, top: str) -> None:
        self._line(f"if (any_infinite({c_name(top)}, LANES)) return 1;")


def serves(printer: LanesPrinter) -> bool:
    """Whether rows may lie side by side: no operation reads whole rows."""
    return not printer.plan.of_rows

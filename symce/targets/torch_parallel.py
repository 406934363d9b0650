"""``torch/parallel/``: the losses whose classes are spread over processes, from the same programs as any other kernel.

Each value of several processes in a program becomes a message of ``torch.distributed`` (``torch_parallel_plan``). The
forward pass has all that the gradient needs sent along, so that the backward pass sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from symce.kernel.ir import Let, Var
from symce.kernel.kernel import Kernel, KernelParam
from symce.render import render
from symce.targets.interface import Form, Interface
from symce.targets.layout import WIDTH, Text, call, definition, lines
from symce.targets.text import describe, escape, formulas, header, option_rows, paragraphs, table
from symce.targets.torch_parallel_plan import LARGEST, LESS, ONE_OR_NAN, Message, Split, schedule, split, variables
from symce.targets.torch_parallel_printer import ParallelPrinter

_SHARED = ("package", "shards", "arguments", "exact", "mesh", "denominator")
#: Every exact operation but those that need other processes, which the parallel template has itself.
_EXACT = frozenset({
    "sigmoid", "difference", "difference_error", "compensated", "known", "product_error", "quotient", "exp_quotient",
    "multiple", "exp_multiple", "rounding_of", "expm1_less", "in_parts", "divergence", "sum_in_parts",
})  # fmt: skip
_KINDS = {
    "weight": "Tensor | float | None", "ignore_index": "int", "label_smoothing": "float",
    "normalizer": "Tensor | float | None",
}  # fmt: skip
_FORMS = {"index": "_Index", "dense": "_Dense", "none": "_Rows"}
_TARGETS = {
    "index": "target: class indices (N, 1), of all classes", "dense": "target: (N, K here)", "none": "",
}  # fmt: skip
_WHAT = {
    "forward": "Losses of rows, and what their gradients need of all processes",
    "gradient": "Gradients of rows",
    "hvp": "Hessians times v of rows",
}


def has_parallel(kernel: Kernel) -> bool:
    """Whether the loss joins classes: a sum of one term a class is each process's own."""
    return not kernel.elementwise


def render_parallel(kernel: Kernel) -> dict[str, str]:
    """The module of one loss, by its path; none for a loss that does not join classes."""
    if not has_parallel(kernel):
        return {}
    i = Interface(kernel)
    forms = [_Form(i, form) for form in i.forms]
    said = f"{escape(kernel.title).rstrip('.')}; the module's text says what each argument is."
    text = render(
        "torch/parallel/body.py.jinja",
        function_definition=definition(kernel.name, _signature(i), "Tensor"),
        function_docstring=said,
        parameter_lines=[line for p in kernel.params for line in _parameter(p)] + _option_lines(i),
        row_losses=_row_losses(i),
        row_functions=[f for form in forms for f in form.functions()],
        autograd_functions=[form.autograd() for form in forms],
        i=i,
    )
    whole = render(
        "torch/parallel/module.py.jinja",
        header=header(kernel.name, f"sha256 {kernel.source_hash}"),
        docstring=_docstring(i, forms),
        imports=_imports(text.replace(said, "", 1)),
        text=text.rstrip("\n"),
        i=i,
    )
    return {f"torch/parallel/{kernel.name}.py": whole}


def render_parallel_package(kernels: Sequence[Kernel]) -> dict[str, str]:
    """What the modules of all losses share, by path."""
    names = sorted(k.name for k in kernels if has_parallel(k))
    top = header("", "the catalogue of losses")
    files = {"package": "__init__"} | {name: f"_{name}" for name in _SHARED[1:]}
    return {
        f"torch/parallel/{file}.py": render(
            f"torch/parallel/{name}.py.jinja", header=top, names=names, helpers=_EXACT, parallel=True
        )
        for name, file in files.items()
    }


class _Form:
    """The functions of one form of the target: forward with all messages, gradient without any, and second order."""

    def __init__(self, i: Interface, form: Form) -> None:
        self.i, self.form = i, form
        self.plan: Split = split(form.program, one_or_nan=i.limit)
        self.args = ["logits", *(["target"] if i.target else []), *(p.name for p in i.kernel.params)]
        across = self.plan.across("value", "gradient")
        self.sent = [Var(let.name, let.value.shape) for let in across]
        later = [self.plan.outputs[o] for o in self.plan.outputs if o != "value"]
        names = [let.name for let in across]
        used = {n for node in (*later, *(let.value for let in self.plan.needed(later, names))) for n in variables(node)}
        self.columns = [v for v in self.sent if v.name in used]
        self.first = [Var(ONE_OR_NAN, "batch")] if i.limit else []
        self.forward = schedule(self.plan, [self.plan.outputs["value"], *self.sent])

    def messages(self) -> list[Message]:
        return [step for step in self.forward if isinstance(step, Message)]

    def functions(self) -> list[str]:
        forward = self._function("forward", "value", self.forward, [], (), [*self.first, *self.columns])
        later = [self._later("gradient", []), *([self._later("hvp", ["v"])] if self.i.hvp else [])]
        return [forward, *later]

    def _later(self, output: str, more: list[str]) -> str:
        steps = schedule(self.plan, [self.plan.outputs[output]], [v.name for v in self.columns])
        return self._function(output, output, steps, more, self.columns, ())

    def _function(
        self, name: str, output: str, steps: Sequence[Let | Message], more: Sequence[str], given: Sequence[Var],
        returned: Sequence[Var],
    ) -> str:  # fmt: skip
        args = [*self.args, *more, "shards", *(v.name for v in given)]
        target = _TARGETS[self.form.name]
        return "\n".join([
            definition(f"_{name}{self.form.suffix}", args),
            f'    """{_WHAT[name]}{"; " if target else ""}{target}."""',
            ParallelPrinter().statements(output, self.plan.outputs[output], steps, given, returned),
        ])  # fmt: skip

    def autograd(self) -> str:
        params = self.i.kernel.params
        numbers = [p.name for p in params if p.shape == ""]
        tensors = [a for a in self.args if a not in numbers]
        columns = ["*columns"] if self.columns else []
        first = [v.name for v in self.first]
        held = ", ".join([*tensors, *columns])
        return render(
            "torch/parallel/autograd.py.jinja",
            name=_FORMS[self.form.name],
            suffix=self.form.suffix,
            args=", ".join(self.args),
            saved=", ".join(tensors),
            first="".join(f"{name}, " for name in first),
            held=held,
            unpacked=held if len(tensors) + len(columns) > 1 else f"({held},)",
            numbers=numbers,
            given=", ".join(f"ctx.{a}" if a in numbers else a for a in self.args),
            nothing=", None" * (len(self.args) + 1),
            columns=bool(self.columns),
            hvp=self.i.hvp,
        ).rstrip("\n")


def _annotated(p: KernelParam) -> str:
    kind = "float" if p.shape == "" else "Tensor | float"
    return f"{p.name}: {kind}" if p.default is None else f"{p.name}: {kind} | None = {p.default!r}"


def _signature(i: Interface) -> list[str]:
    options = [f"{name}: {_KINDS.get(name, 'str')} = {default}" for name, default in i.options()]
    target = ["target: Tensor"] if i.target else []
    return ["input: Tensor", *target, "shards: Shards | None = None", "*", *map(_annotated, i.kernel.params), *options]


def _parameter(p: KernelParam) -> list[str]:
    """The statements that check a parameter and give it its shape."""
    default = [] if p.default is None else [repr(p.default)]
    name, domain = f'"{p.name}"', f'"{p.domain}"'
    if p.shape == "":
        return lines(f"{p.name} = ", call("_number", name, p.name, domain, *default), 4)
    value = call("here.whole" if p.shape == "K" else "here.entries", p.name)
    if p.shape == "K":
        return lines(
            f"{p.name} = ", call("_per_class", name, value, "dtype", "input.device", "shards", domain, *default), 4
        )
    return lines(f"{p.name} = ", call("_per_entry", name, value, "input", "dtype", domain, *default), 4)


def _option_lines(i: Interface) -> list[str]:
    text = []
    if i.weight:
        value = call("_per_class", '"weight"', "here.whole(weight)", "dtype", "input.device", "shards")
        text += ["    if weight is not None:", *lines("weight = ", value, 8)]
    if i.smoothing:
        text.append('    label_smoothing = _number("label_smoothing", label_smoothing, "unit")')
    return text


def _row_losses(i: Interface) -> list[str]:
    """The statements that name the losses of the rows; a target of one float a class is told by its dtype."""
    params = [p.name for p in i.kernel.params]
    smoothing = "label_smoothing" if i.smoothing else "0.0"
    dense_target = call("_effective_target", "y", "weight", smoothing, "shards") if i.effective else Text("y")
    index = call("_Index.apply", "rows", "y", *params, "shards", "dtype")
    dense = call("_Dense.apply", "rows", dense_target, *params, "shards", "dtype")
    if i.index and i.dense:
        branches = [lines("losses = ", form, 8) for form in (dense, index)]
        either = f"    losses = {dense.text} if y.is_floating_point() else {index.text}"
        if len(either) <= WIDTH:
            return [either]
        return ["    if y.is_floating_point():", *branches[0], "    else:", *branches[1]]
    chosen = index if i.index else dense if i.dense else call("_Rows.apply", "rows", *params, "shards", "dtype")
    return lines("losses = ", chosen, 4)


def _imports(text: str) -> list[str]:
    """The import statements of what the text uses of the shared modules."""
    used = set(re.findall(r"(?<![\w.])(_[a-z0-9_]+)\(", text)) - set(re.findall(r"def (\w+)\(", text))
    statements = [("_arguments", used & _ARGUMENTS), ("_exact", used - _ARGUMENTS), ("_shards", {"Shards"})]
    return [line for module, names in statements if names for line in _import(module, sorted(names))]


_ARGUMENTS = {
    "_check_choice", "_check_constant", "_check_float", "_check_shape", "_class_indices", "_effective_target", "_here",
    "_keep", "_number", "_one_hot_limit", "_per_class", "_per_entry", "_reduce", "_rows", "_to_rows",
}  # fmt: skip


def _import(module: str, names: Sequence[str]) -> list[str]:
    line = f"from .{module} import {', '.join(names)}"
    return [line] if len(line) <= WIDTH else [f"from .{module} import (", *(f"    {n}," for n in names), ")"]


def _docstring(i: Interface, forms: Sequence[_Form]) -> str:
    kernel = i.kernel
    rows = [("input", "logits of this process's classes: (K,), (N, K) or (N, K, d1, ...); or a DTensor of all of them")]
    kinds = ["class indices, of all classes: integers of the input's shape without the classes"] if i.index else []
    kinds += ["one float a class of this process, in the input's shape"] if i.dense else []
    rows += [("target", "; or ".join(kinds))] if kinds else []
    rows.append(("shards", "how the classes are spread over the processes; None with a DTensor"))
    rows += [(p.name, describe(p, "input") + (", of all classes" if p.shape == "K" else "")) for p in kernel.params]
    rows += option_rows(i, "half and bfloat16 are computed")
    return (
        paragraphs(
            f"{escape(kernel.title).rstrip('.')}, with the classes spread over processes.",
            formulas(kernel),
            escape(kernel.doc),
            table(rows),
            "Every process of the group calls it and has the same loss, whose cotangent has to be the same at each; "
            "gradients flow to the input, to each process those of its classes.",
            *(f"Messages of the forward pass{_of(form.form)}: {_sizes(form.messages())}." for form in forms),
            'In float64 the first has 16 bytes a row, in two messages; "limit" sends one more, of 16 bytes a row. The '
            "backward pass sends nothing; a second derivative does."
            if forms[0].messages()[0].kind == LARGEST
            else "The backward pass sends nothing.",
            f"Reference: {escape(kernel.reference)}" if kernel.reference else "",
        )
        + "\n"
    )


def _of(form: Form) -> str:
    return {"index": " with class indices", "dense": " with one float a class", "none": ""}[form.name]


def _sizes(messages: Sequence[Message]) -> str:
    """The numbers of bytes a row of the messages, in words."""
    sizes: list[int] = []
    for message in messages:
        if message.kind == LARGEST:
            sizes.append(8 * len({let.value.body for let in message.lets if hasattr(let.value, "body")}))
        elif message.kind == LESS:
            sizes += [8, 16] * len(message.lets)
        else:
            sizes.append(sum(16 if getattr(let.value, "op", "") == "excess" else 8 for let in message.lets))
    return f"{len(sizes)}, of {', '.join(map(str, sizes))} bytes a row"

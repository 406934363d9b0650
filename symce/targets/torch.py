"""The PyTorch target: a function and a module class a loss, with the derived closed form as backward pass.

This module prints text; it does not import PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence

from symce.kernel.kernel import Kernel, KernelParam
from symce.render import render
from symce.targets.interface import Form, Interface
from symce.targets.layout import WIDTH, Text, call, definition, lines
from symce.targets.linear import render_linear
from symce.targets.text import class_name, describe, escape, formulas, header, option_rows, paragraphs, table
from symce.targets.torch_expressions import TorchPrinter
from symce.targets.torch_functional import module_names, render_functional
from symce.targets.torch_parallel import render_parallel, render_parallel_package


class TorchTarget:
    """``torch/NAME.py``: the function NAME and the class NameLoss(nn.Module)."""

    name = "torch"
    suffix = ".py"

    def render(self, kernel: Kernel) -> dict[str, str]:
        """The module of one loss, by its path. Raises ValueError where a name is taken or is no identifier."""
        i = Interface(kernel)
        printer = TorchPrinter()
        outputs = ("value", "gradient", "hvp") if i.hvp else ("value", "gradient")
        checked = _checked_lines(i)
        row_functions = [_row_function(printer, i, form, output) for form in i.forms for output in outputs]
        return {
            f"torch/{kernel.name}.py": render(
                "torch/module.py.jinja",
                header=header(kernel.name, f"sha256 {kernel.source_hash}"),
                docstring=_docstring(i),
                exports=", ".join(f'"{n}"' for n in sorted((class_name(kernel.name), kernel.name))),
                function_definition=definition(kernel.name, [*_signature(i), "inplace: bool = False"], "Tensor"),
                operations_definition=definition("_by_operations", _operands(i)),
                eager_definition=definition("eager", ["input"], indent=4),
                eager_call="\n".join(lines("return ", call("_by_operations", *_operands(i)), 8)),
                native_call="\n".join(lines("loss = ", _native_call(i), 8)),
                operator_call="\n".join(lines("operands = ", call("_checked", *_operands(i)), 12)),
                operator_definition="\n".join(lines("_OPERATOR = ", _operator(i), 4)),
                checked_definition=definition("_checked", _operands(i)),
                checked_lines=checked,
                checked_rows="rows = " * (kernel.least_classes > 1 or any("rows" in line for line in checked)),
                checked_return="    return " + ", ".join(_operands(i)),
                function_docstring=f"{escape(kernel.title).rstrip('.')}; the module's text says what each argument is.",
                parameter_lines=[line for p in kernel.params for line in _parameter(p)] + _option_lines(i),
                row_losses=_row_losses(i),
                class_text=_class(i),
                row_functions=row_functions,
                autograd_functions=[_autograd(i, form) for form in i.forms],
                helpers=printer.helpers | {"known"},
                i=i,
            ),
            **render_parallel(kernel),
        }

    def render_package(self, kernels: Sequence[Kernel]) -> dict[str, str]:
        """``torch/__init__.py``, which imports a loss when it is first asked for, and what all losses share."""
        ordered = sorted(kernels, key=lambda k: k.name)
        values = {"header": header("", "the catalogue of losses"), "names": [k.name for k in ordered]}
        classes = {class_name(k.name): k.name for k in ordered} | dict.fromkeys(module_names(ordered), "modules")
        return {
            "torch/__init__.py": render("torch/package.py.jinja", **values, classes=classes),
            "torch/_memory.py": render("torch/memory.py.jinja", header=values["header"]),
            "torch/_native.py": render("torch/native.py.jinja", header=values["header"]),
            "torch/_ops.py": render("torch/ops.py.jinja", header=values["header"]),
            **render_functional(ordered),
            **render_linear("torch", ordered),
            **render_parallel_package(ordered),
        }


def _row_function(printer: TorchPrinter, i: Interface, form: Form, output: str) -> dict[str, str]:
    args = ["logits", *(["target"] if i.target else []), *(p.name for p in i.kernel.params)]
    what = {"value": "Losses", "gradient": "Gradients", "hvp": "Hessians times v,"}[output]
    target = {"index": "; target: class indices (N, 1)", "dense": "; target: (N, K)", "none": ""}[form.name]
    return {
        "definition": definition(f"_{output}{form.suffix}", [*args, *(["v"] if output == "hvp" else [])]),
        "body": f'    """{what} of rows{target}."""\n'.replace(", of", " of") + printer.body(form.program.only(output)),
    }


def _autograd(i: Interface, form: Form) -> str:
    """The autograd.Function of one form of the target; a second one, for double backward, where there is an hvp."""
    numbers = [p.name for p in i.kernel.params if p.shape == ""]
    tensors = ["logits", *(["target"] if i.target else []), *(p.name for p in i.kernel.params if p.shape != "")]
    args = ["logits", *(["target"] if i.target else []), *(p.name for p in i.kernel.params)]
    given = ", ".join(f"ctx.{a}" if a in numbers else a for a in args)
    nothing = ", None" * (len(args) - 1)
    inputs = ", ".join(args) if len(args) > 1 else "(logits,)"
    name = {"index": "_Index", "dense": "_Dense", "none": "_Rows"}[form.name]
    operands = [f"ctx.{a}" if a in numbers else a for a in args]
    gradient = call("_in_blocks", f"_gradient{form.suffix}", *operands)
    if i.hvp:
        gradient = call("_apply", f"{name}Gradient", f"{name}GradientTraced", *operands)
    values = {
        "args": ", ".join(args),
        "elementwise": i.kernel.elementwise,
        "gradient": "\n".join(lines("gradient = ", gradient, 8)),
        "inputs": inputs,
        "saved": ", ".join(tensors),
        "unpacked": ", ".join(tensors) if len(tensors) > 1 else "(logits,)",
        "numbers": numbers,
        "given": given,
        "nothing": nothing,
        "suffix": form.suffix,
        "name": name,
        "hvp": i.hvp,
    }
    return render("torch/autograd.py.jinja", **values).rstrip("\n")


def _row_losses(i: Interface) -> list[str]:
    """The statements that name the losses of the rows; a target of one float a class is told by its dtype."""
    params = [p.name for p in i.kernel.params]
    effective = f"_effective_target(y, weight{', label_smoothing' if i.smoothing else ''})" if i.effective else "y"
    index = call("_apply", "_Index", "_IndexTraced", "rows", "y", *params)
    dense = call("_apply", "_Dense", "_DenseTraced", "rows", effective, *params)
    if i.index and i.dense:
        either = f"{dense.text} if y.is_floating_point() else {index.text}"
        if len(either) <= WIDTH - len("    losses = "):
            return [f"    losses = {either}"]
        branches = [lines("losses = ", form, 8) for form in (dense, index)]
        return ["    if y.is_floating_point():", *branches[0], "    else:", *branches[1]]
    rows = call("_apply", "_Rows", "_RowsTraced", "rows", *params)
    return lines("losses = ", index if i.index else dense if i.dense else rows, 4)


_KINDS = {
    "weight": "Tensor | None",
    "ignore_index": "int",
    "label_smoothing": "float",
    "reduction": "str",
    "normalizer": "Tensor | float | None",
    "on_empty": "str",
    "infinite": "str",
    "precision": "str",
    "inplace": "bool",
}


def _annotated(p: KernelParam) -> str:
    kind = {"": "float", "K": "Tensor | float", "NxK": "Tensor | float"}[p.shape]
    return f"{p.name}: {kind}" if p.default is None else f"{p.name}: {kind} | None = {p.default!r}"


def _signature(i: Interface) -> list[str]:
    options = [f"{name}: {_KINDS[name]} = {default}" for name, default in i.options()]
    target = ["target: Tensor"] if i.target else []
    return ["input: Tensor", *target, "*", *(_annotated(p) for p in i.kernel.params), *options]


def _operands(i: Interface) -> list[str]:
    """What the loss is a function of, in the order of ``_by_operations``."""
    params = [p.name for p in i.kernel.params]
    return ["input", *(["target"] if i.target else []), *params, *(name for name, _ in i.options())]


def _native_call(i: Interface) -> Text:
    """The call of the compiled kernel, which takes the options of every loss."""
    there = {name for name, _ in i.options()}
    absent = {"weight": "None", "ignore_index": "-100", "label_smoothing": "0.0", "infinite": '"nan"'}
    options = ("weight", "ignore_index", "label_smoothing", "reduction", "normalizer", "on_empty", "infinite")
    names = [p.name for p in i.kernel.params]
    params = f"({', '.join(names)}{',' if len(names) == 1 else ''})"
    given = [option if option in there else absent[option] for option in options]
    target = "target" if i.target else "None"
    return call("_native.loss", f'"{i.kernel.name}"', "eager", "input", target, params, *given, "precision", "inplace")


#: how the schema of an operator calls the type of an operand
_SCHEMA = {
    "weight": "Tensor?",
    "ignore_index": "int",
    "label_smoothing": "float",
    "normalizer": "float?",
    **dict.fromkeys(("reduction", "on_empty", "infinite", "precision"), "str"),
}


def _operator(i: Interface) -> Text:
    """The definition of the loss as an operator of PyTorch."""
    shapes = {p.name: "float" if p.shape == "" else "Tensor" for p in i.kernel.params}
    kinds = {"input": "Tensor", "target": "Tensor", **_SCHEMA, **shapes}
    operands = (f'{name}="{kinds[name]}"' for name in _operands(i))
    return call("_ops.define", f'"{i.kernel.name}"', "_by_operations", str(i.kernel.elementwise), *operands)


def _checked_lines(i: Interface) -> list[str]:
    """The parameters and options as an operator takes them: those of an entry in the input's shape still."""
    text = [line for p in i.kernel.params for line in (_parameter(p)[:-1] if p.shape == "NxK" else _parameter(p))]
    return text + _option_lines(i)


def _parameter(p: KernelParam) -> list[str]:
    """The statements that check a parameter and give it its shape."""
    default = [] if p.default is None else [repr(p.default)]
    name = f'"{p.name}"'
    if p.shape == "":
        return lines(f"{p.name} = ", call("_number", name, p.name, f'"{p.domain}"', *default), 4)
    if p.shape == "K":
        return lines(f"{p.name} = ", call("_per_class", name, p.name, "rows", f'"{p.domain}"', *default), 4)
    text = lines(f"{p.name} = ", call("_per_entry", name, p.name, "input", "rows.dtype", f'"{p.domain}"', *default), 4)
    return [*text, f"    {p.name} = _to_rows({p.name}).to(rows.dtype)"]


def _option_lines(i: Interface) -> list[str]:
    text = []
    if i.weight:
        text += ["    if weight is not None:", '        weight = _per_class("weight", weight, rows)']
    if i.smoothing:
        text.append('    label_smoothing = _number("label_smoothing", label_smoothing, "unit")')
    return text


def _class(i: Interface) -> str:
    """The module class: parameters and options at construction, input and target at the call."""
    held = [p for p in i.kernel.params if p.shape != "NxK"]
    shaped = [p for p in i.kernel.params if p.shape == "NxK"]
    options = [*((name, default) for name, default in i.options() if name != "normalizer"), ("inplace", "False")]
    construct = ["self", "*", *(_annotated(p) for p in held), *(f"{n}: {_KINDS[n]} = {d}" for n, d in options)]
    target = ["target: Tensor"] if i.target else []
    forward = [
        "self",
        "input: Tensor",
        *target,
        "*",
        *(_annotated(p) for p in shaped),
        "normalizer: Tensor | float | None = None",
    ]
    passed = [f"{name}=self.{name}" for name in (*(p.name for p in held), *(n for n, _ in options))]
    passed += [f"{p.name}={p.name}" for p in shaped]
    arguments = ["input", *(["target"] if i.target else []), *passed, "normalizer=normalizer"]
    buffers = [p.name for p in held if p.shape == "K"] + (["weight"] if i.weight else [])
    names = [p.name for p in held] + [n for n, _ in options]
    return render(
        "torch/class.py.jinja",
        name=class_name(i.kernel.name),
        function=i.kernel.name,
        construct=definition("__init__", construct, "None", indent=4),
        forward=definition("forward", forward, "Tensor", indent=4),
        buffers=buffers,
        plain=[n for n in names if n not in buffers],
        call="\n".join(lines("return ", call(i.kernel.name, *arguments), 8)),
        shown=[n for n in names if n != "weight"],
    ).rstrip("\n")


def _docstring(i: Interface) -> str:
    kernel = i.kernel
    rows = [("input", "logits (K,), (N, K) or (N, K, d1, ...), the K classes second, as everywhere in PyTorch")]
    forms = []
    if i.index:
        forms.append("class indices: integers of the input's shape without the classes")
    if i.dense:
        forms.append("one float a class, in the input's shape")
    if forms:
        rows.append(("target", "; or ".join(forms)))
    rows += [(p.name, describe(p, "input")) for p in kernel.params]
    rows += option_rows(i, "half and bfloat16 are computed")
    rows.append(
        ("inplace", "whether the gradient may overwrite the input, no leaf then; it can be had once, and not again")
    )
    classes = ", a class out of range (looked at on the CPU alone)" if i.index else ""
    again = ", by the closed Hessian-vector product" if i.hvp else ""
    backward = f"The backward pass is the closed form, from the saved logits; it is differentiable again{again}."
    return (
        paragraphs(
            escape(kernel.title).rstrip(".") + ".",
            formulas(kernel),
            escape(kernel.doc),
            table(rows),
            f"{backward} Gradients flow to the input alone: anything else that requires grad is refused. "
            "The loss has the input's dtype, under autocast float32; its gradient has the input's; both are rounded "
            "once. On plain tensors of the CPU it is computed by ``symce_kernels.native`` if that and a C compiler are "
            "there, else by PyTorch's operations. No argument is written to, but the input with ``inplace=True``.",
            f"Raises TypeError for a wrong dtype; ValueError for a wrong shape{classes}, an unknown "
            "word for an option or a number outside its domain.",
            f"Reference: {escape(kernel.reference)}" if kernel.reference else "",
        )
        + "\n"
    )

"""The JAX target: one function a loss, whose derivatives are the derived closed forms, in forward and reverse mode.

This module prints text; it does not import JAX.
"""

from __future__ import annotations

from collections.abc import Sequence

from symce.kernel.kernel import Kernel, KernelParam
from symce.render import render
from symce.targets.interface import Form, Interface
from symce.targets.jax_expressions import JaxPrinter
from symce.targets.layout import WIDTH, call, definition, lines
from symce.targets.text import describe, escape, formulas, header, option_rows, paragraphs, table

_KINDS = {
    "weight": "ArrayLike | None",
    "ignore_index": "ArrayLike",
    "label_smoothing": "ArrayLike",
    "reduction": "str",
    "normalizer": "ArrayLike | None",
    "on_empty": "str",
    "infinite": "str",
    "precision": "str",
}
_STATIC = ("reduction", "on_empty", "infinite", "dtype", "axis")


class JaxTarget:
    """``jax/NAME.py``: the function NAME, with rules of differentiation of its own."""

    name = "jax"
    suffix = ".py"

    def render(self, kernel: Kernel) -> dict[str, str]:
        """The module of one loss, by its path. Raises ValueError where a name is taken or is no identifier."""
        i = Interface(kernel)
        printer = JaxPrinter()
        outputs = ("value", "gradient", "hvp") if i.hvp else ("value", "gradient")
        row_functions = [_row_function(printer, i, form, output) for form in i.forms for output in outputs]
        operands = _operands(i)
        text = render(
            "jax/module.py.jinja",
            header=header(kernel.name, f"sha256 {kernel.source_hash}"),
            docstring=_docstring(i),
            function_definition=definition(kernel.name, _signature(i), "Array"),
            function_docstring=f"{escape(kernel.title).rstrip('.')}; the module's text says what each argument is.",
            uses_K=i.weight or bool(i.class_params) or kernel.least_classes > 1,
            parameter_lines=[line for p in kernel.params for line in _parameter(p)] + _option_lines(i),
            evaluate_definition=definition("_evaluate", operands),
            evaluate_call="\n".join(lines("return ", call("_evaluate", *operands), 4)),
            static=", ".join(f'"{name}"' for name in _STATIC if name in operands),
            cast_lines=_casts(i),
            row_losses=_row_losses(i),
            row_functions=row_functions,
            forms=[_form(i, form) for form in i.forms],
            helpers=printer.helpers,
            i=i,
        )
        return {f"jax/{kernel.name}.py": text.rstrip("\n") + "\n"}

    def render_package(self, kernels: Sequence[Kernel]) -> dict[str, str]:
        """``jax/__init__.py``, which imports a loss when it is first asked for."""
        names = sorted(k.name for k in kernels)
        return {
            "jax/__init__.py": render("jax/package.py.jinja", header=header("", "the catalogue of losses"), names=names)
        }


def _row_function(printer: JaxPrinter, i: Interface, form: Form, output: str) -> dict[str, str]:
    args = ["logits", *(["target"] if i.target else []), *(p.name for p in i.kernel.params)]
    what = {"value": "Losses", "gradient": "Gradients", "hvp": "Hessians times v,"}[output]
    target = {"index": "; target: class indices (N, 1)", "dense": "; target: (N, K)", "none": ""}[form.name]
    return {
        "definition": definition(f"_{output}{form.suffix}", [*args, *(["v"] if output == "hvp" else [])]),
        "body": f'    """{what} of rows{target}."""\n'.replace(", of", " of") + printer.body(form.program.only(output)),
    }


def _form(i: Interface, form: Form) -> str:
    """The differentiable losses of one form of the target."""
    outputs = ("value", "gradient", "hvp") if i.hvp else ("value", "gradient")
    functions = [f"_{output}{form.suffix}" for output in outputs]
    return "\n".join(lines(f"{_name(form)} = ", call("_differentiable", *functions), 0))


def _name(form: Form) -> str:
    return "_ROWS" if form.name == "none" else f"_{form.name.upper()}"


def _signature(i: Interface) -> list[str]:
    options = [f"{name}: {_KINDS[name]} = {default}" for name, default in i.options()]
    target = ["target: ArrayLike"] if i.target else []
    return ["logits: ArrayLike", *target, "*", *(_annotated(p) for p in i.kernel.params), *options, "axis: int = -1"]


def _annotated(p: KernelParam) -> str:
    return f"{p.name}: ArrayLike" if p.default is None else f"{p.name}: ArrayLike | None = {p.default!r}"


def _operands(i: Interface) -> list[str]:
    """What the loss is a function of, once it has been looked at: the dtype to compute in stands for the precision."""
    options = [name for name, _ in i.options() if name != "precision"]
    params = [p.name for p in i.kernel.params]
    return ["logits", *(["target"] if i.target else []), *params, *options, "dtype", "axis"]


def _parameter(p: KernelParam) -> list[str]:
    """The statements that check a parameter."""
    default = [] if p.default is None else [repr(p.default)]
    helper, size = {"": ("_number", []), "K": ("_per_class", ["K"]), "NxK": ("_per_entry", ["logits"])}[p.shape]
    return lines(f"{p.name} = ", call(helper, f'"{p.name}"', p.name, *size, f'"{p.domain}"', *default), 4)


def _option_lines(i: Interface) -> list[str]:
    text = []
    if i.weight:
        text += ["    if weight is not None:", '        weight = _per_class("weight", weight, K)']
    if i.smoothing:
        text += [
            '    label_smoothing = _number("label_smoothing", label_smoothing, "unit")',
            "    if isinstance(label_smoothing, float) and label_smoothing == 0:  # then class indices stay indices",
            "        label_smoothing = None",
        ]
    return text


def _casts(i: Interface) -> list[str]:
    """The statements that round parameters and options to the dtype that is computed in."""
    text = []
    for p in i.kernel.params:
        value = f"_to_rows({p.name}, axis)" if p.shape == "NxK" else f"jnp.asarray({p.name})"
        text.append(f"    {p.name} = {value}.astype(dtype)")
    if i.weight:
        text += ["    if weight is not None:", "        weight = weight.astype(dtype)"]
    if i.smoothing:
        text += [
            "    if label_smoothing is not None:",
            "        label_smoothing = jnp.asarray(label_smoothing).astype(dtype)",
        ]
    return text


def _row_losses(i: Interface) -> list[str]:
    """The statement that names the losses of the rows."""
    params = [p.name for p in i.kernel.params]
    effective = f"_effective_target(y, weight{', label_smoothing' if i.smoothing else ''})" if i.effective else "y"
    index, dense = call("_INDEX", "rows", "y", *params), call("_DENSE", "rows", effective, *params)
    if i.index and i.dense:
        either = f"{dense.text} if dense else {index.text}"
        if len(either) <= WIDTH - len("    losses = "):
            return [f"    losses = {either}"]
        branches = [lines("losses = ", form, 8) for form in (dense, index)]
        return ["    if dense:", *branches[0], "    else:", *branches[1]]
    return lines("losses = ", index if i.index else dense if i.dense else call("_ROWS", "rows", *params), 4)


def _docstring(i: Interface) -> str:
    kernel = i.kernel
    rows = [("logits", "floats of any shape, the K classes along ``axis``; one dimension is one row")]
    forms = []
    if i.index:
        forms.append("class indices: integers of the logits' shape without ``axis``")
    if i.dense:
        forms.append("one float a class, in the logits' shape")
    if forms:
        rows.append(("target", "; or ".join(forms)))
    rows += [(p.name, describe(p, "logits")) for p in kernel.params]
    rows += option_rows(i, "float16 and bfloat16 are computed")
    words = "a word for an option and ``axis`` are fixed when it is traced; all else may be traced"
    second = (
        "The derivative of the loss is the closed form of the gradient, and that of the gradient the closed form of "
        "the Hessian times a vector"
        if i.hvp
        else "The derivative of the loss is the closed form of the gradient, which JAX differentiates again"
    )
    classes = ", a class out of range" if i.index else ""
    traced = " A class out of range makes its row NaN there." if i.index else ""
    return (
        paragraphs(
            escape(kernel.title).rstrip(".") + ".",
            formulas(kernel),
            escape(kernel.doc),
            table(rows),
            f"{second}: for grad, jvp, hessian, vmap and jit. Under jit {words}. Only the logits are differentiated: a "
            "derivative in anything else is refused. Numbers are rounded to the dtype that is computed in. The loss "
            "and its gradient have the logits' dtype, rounded once.",
            f"Raises TypeError for a wrong dtype; ValueError for a wrong shape{classes}, an unknown word for an option "
            "or a number outside its domain. Values are not looked at while they are traced, nor on an accelerator."
            f"{traced}",
            f"Reference: {escape(kernel.reference)}" if kernel.reference else "",
        )
        + "\n"
    )

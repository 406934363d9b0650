"""The Python half of the native target: modules that call compiled kernels on NumPy arrays, with NumPy's signatures."""

from __future__ import annotations

from collections.abc import Sequence

from symce.kernel.kernel import Kernel, KernelParam
from symce.render import render
from symce.targets.interface import Interface
from symce.targets.layout import Text, call, definition, lines
from symce.targets.softmax import softmax_kernels
from symce.targets.text import describe, escape, formulas, header, option_rows, paragraphs, table

#: What all modules of the package share, by the template that prints it.
_SHARED = ("arguments", "cache", "compile", "compiler", "errors", "openmp", "rows")
_LOSS = "np.floating[Any] | NDArray[Any]"
_ARRAY = "NDArray[Any]"
_KINDS = {
    "weight": "ArrayLike | None",
    "ignore_index": "int",
    "label_smoothing": "float",
    "reduction": "str",
    "normalizer": "float | None",
    "on_empty": "str",
    "infinite": "str",
    "precision": "str",
}
#: What a loss is given for an option that it does not have.
_ABSENT = {"weight": "None", "ignore_index": "-100", "label_smoothing": "0.0", "infinite": '"nan"'}


def python_module(kernel: Kernel) -> dict[str, str]:
    """``native/NAME.py`` of a loss. Raises ValueError where a name is taken or is no identifier."""
    i = Interface(kernel)
    names = ("value", "grad", "value_and_grad", *(("hvp",) if i.hvp else ()))
    text = render(
        "native/module.py.jinja",
        header=header(kernel.name, f"sha256 {kernel.source_hash}"),
        docstring=_docstring(i),
        exports=", ".join(f'"{name}"' for name in sorted(("KERNEL", *names))),
        kernel="\n".join(lines("KERNEL = ", _kernel(i), 0)),
        public=[_public(i, name) for name in names],
    )
    return {f"native/{kernel.name}.py": text}


def python_package(kernels: Sequence[Kernel]) -> dict[str, str]:
    """``native/__init__.py`` and the modules that all losses share."""
    top = header("", "the catalogue of losses")
    names = sorted(k.name for k in kernels)
    shared = {f"native/_{name}.py": render(f"native/{name}.py.jinja", header=top) for name in _SHARED}
    shared |= {
        f"native/_{k.name}.py": render("native/softmax.py.jinja", header=top, name=k.name, title=k.title)
        for k in softmax_kernels(kernels)
    }
    return {"native/__init__.py": render("native/package.py.jinja", header=top, names=names), **shared}


def _kernel(i: Interface) -> Text:
    """The call that makes a loss's ``_rows.Kernel``."""
    kernel = i.kernel
    params = [
        call("_rows.Param", f'"{p.name}"', f'"{p.domain}"', repr(p.default), f'"{p.shape}"') for p in kernel.params
    ]
    given: list[Text | str] = [f'"{kernel.name}"', f"forms={_tuple([repr_double(f.name) for f in i.forms])}"]
    if params:
        given.append(Text(f"params={_tuple([p.text for p in params])}", head="params=", pieces=tuple(params)))
    if kernel.elementwise:
        given.append("elementwise=True")
    if kernel.least_classes > 1:
        given.append(f"least_classes={kernel.least_classes}")
    return call("_rows.Kernel", *given)


def repr_double(text: str) -> str:
    """A word in the quotes that generated files have."""
    return f'"{text}"'


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _public(i: Interface, name: str) -> dict[str, str]:
    kernel = i.kernel
    args = ["logits: ArrayLike", *(["target: ArrayLike"] if i.target else [])]
    args += [*(["v: ArrayLike"] if name == "hvp" else []), "*", *(_annotated(p) for p in kernel.params)]
    args += [f"{option}: {_KINDS[option]} = {default}" for option, default in i.options()]
    args.append("axis: int = -1")
    if name != "value":
        args += ["cotangent: ArrayLike | None = None", f"out: {_ARRAY} | None = None"]
    args.append("threads: int = 0")
    result = {"value": _LOSS, "value_and_grad": f"tuple[{_LOSS}, {_ARRAY}]"}.get(name, _ARRAY)
    there = {option for option, _ in i.options()}
    options = ("weight", "ignore_index", "label_smoothing", "reduction", "normalizer", "on_empty", "infinite")
    passed = [
        repr_double("value_and_grad" if name == "grad" else name),
        "logits",
        "target" if i.target else "None",
        "v" if name == "hvp" else "None",
        "None" if name == "value" else "cotangent",
        _tuple([p.name for p in kernel.params]),
        *(option if option in there else _ABSENT[option] for option in options),
        "precision",
        "axis",
        "None" if name == "value" else "out",
        "threads",
    ]
    take = {"value": "loss, _ = ", "value_and_grad": "return "}.get(name, "_, derivative = ")
    back = {"value": "\n    return loss", "value_and_grad": ""}.get(name, "\n    return derivative")
    each = "entry" if kernel.elementwise else "row"
    docs = {
        "value": f'The loss: a number, or one a {each} with ``reduction="none"``.',
        "grad": f'The gradient in the logits; ``cotangent``: one number a {each}, with ``reduction="none"``.',
        "value_and_grad": "The loss and its gradient together; see ``value`` and ``grad``.",
        "hvp": "The Hessian with respect to the logits times ``v``, which has their shape, in O(K) a row.",
    }
    return {
        "definition": definition(name, args, result),
        "docstring": docs[name],
        "body": "\n".join(lines(take, call("KERNEL", *passed), 4)) + back,
    }


def _annotated(p: KernelParam) -> str:
    kind = "float" if p.shape == "" else "ArrayLike"
    return f"{p.name}: {kind}" if p.default is None else f"{p.name}: {kind} | None = {p.default!r}"


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
    if i.hvp:
        rows.append(("v", "the vector of a Hessian-vector product, in the logits' shape"))
    rows += [(p.name, describe(p, "logits")) for p in kernel.params]
    rows += option_rows(i, "float16 is computed")
    shape = "the logits' shape" if kernel.elementwise else "the logits' shape without ``axis``"
    rows.append(("cotangent", f'what flows into the losses of ``reduction="none"``, in {shape}; default ones'))
    rows.append(("out", "where the derivative is written, C-contiguous and as the logits, or the logits; is returned"))
    rows.append(("threads", "at most so many; 0: as many as OpenMP has; in the child of a fork always one"))
    classes = ", a class out of range" if i.index else ""
    return (
        paragraphs(
            escape(kernel.title).rstrip(".") + ".",
            formulas(kernel),
            escape(kernel.doc),
            table(rows),
            "Compiled when first called. Results have the logits' dtype, rounded once, and do not depend on the number "
            "of threads. No argument is copied whose last axis is contiguous and holds the classes, nor written to but "
            "``out``.",
            f"Raises TypeError for a wrong dtype; ValueError for a wrong shape{classes}, an unknown "
            "word for an option or a number outside its domain; NoCompiler where there is no C compiler.",
            f"Reference: {escape(kernel.reference)}" if kernel.reference else "",
        )
        + "\n"
    )

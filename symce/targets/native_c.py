"""The C file of a loss: the functions of its rows in both layouts, and the entries that are called."""

from __future__ import annotations

import textwrap
from functools import cache

import mpmath

from symce.kernel.kernel import Kernel
from symce.render import render
from symce.targets.interface import Form, Interface
from symce.targets.layout import WIDTH
from symce.targets.native_lanes import LanesPrinter, serves
from symce.targets.native_layout import OUTPUTS, FunctionPrinter, Traits, c_name
from symce.targets.native_row import RowPrinter
from symce.targets.text import escape, header

#: classes whose sum is taken in float before it is added with its rounding error; half as many in double
BLOCK = 128
#: rows that lie side by side where K is small
LANES = 64
#: the most classes for which that is faster in float32, measured; half as many in float64
LANES_UP_TO = 128
#: likewise for a multilabel loss, which reduces nothing over the classes
LANES_UP_TO_MULTILABEL = 16


def c_source(kernel: Kernel) -> str:
    """The text of ``native/NAME.c``."""
    i = Interface(kernel)
    helpers: set[str] = set()
    printers: list[FunctionPrinter] = []
    functions: list[dict[str, object]] = []
    entries: list[dict[str, object]] = []
    defaults = {p.name: p.default for p in kernel.params if p.shape == "" and p.default is not None}
    traits = Traits(i.limit, kernel.elementwise, defaults)
    outputs = [o for name, o in OUTPUTS.items() if name != "hvp" or i.hvp]
    for form in i.forms:
        for output in outputs:
            name = f"{output.name}{form.suffix}"
            row = RowPrinter(form.program, output, helpers, traits)
            lanes = LanesPrinter(form.program, output, helpers, traits)
            printers.append(row)
            text = [f"{_note(form, output.name)}\n{row.function(f'row_{name}')}"]
            if serves(lanes):
                text.append(lanes.function(f"lanes_{name}"))
            users = [name]
            if i.smoothing and form.name == "dense":
                users.append(f"{output.name}_index")  # an index target is smoothed into a dense one
            functions.append({"users": [u.upper() for u in users], "text": "\n\n".join(text)})
            entries.append(
                {
                    "name": name,
                    "row": f"row_{name}",
                    "lanes": f"lanes_{name}" if serves(lanes) else "0",
                    "by_index": int(form.name == "index"),
                    "has_value": int("value" in output.wanted),
                }
            )
    by_name = {e["name"]: e for e in entries}
    for e in entries:
        dense = str(e["name"]).removesuffix("_index") + "_dense"
        e["smoothed"] = by_name.get(dense) if i.smoothing and e["by_index"] else None
    return render(
        "native/module.c.jinja",
        header=header(kernel.name, f"sha256 {kernel.source_hash}").replace("# ", "// "),
        title=" ".join(escape(kernel.title).rstrip(".").split()),
        formulas=_formulas(kernel),
        helpers=_with_callees(helpers),
        functions=functions,
        entries=entries,
        parameters=[
            f"double {c_name(p.name)};" if p.shape == "" else f"const real *{c_name(p.name)};" for p in kernel.params
        ],
        row_parameters=[c_name(p.name) for p in kernel.params if p.shape == "NxK"],
        scratch_rows=max(len(p.stored) for p in printers),
        extra_rows=6 + 3 * kernel.elementwise + len(i.row_params),
        block=BLOCK,
        lanes=LANES,
        lanes_up_to=LANES_UP_TO_MULTILABEL if kernel.elementwise else LANES_UP_TO,
        limit=i.limit,
        effective=i.effective,
        target=i.target,
        multilabel=kernel.elementwise,
        v=i.hvp,
        powers=_powers(),
    )


@cache
def _powers() -> tuple[tuple[str, str], ...]:
    """2**(j / 64) for j = 0 .. 63 as the nearest double and what it is short of."""
    with mpmath.workdps(60):
        powers = [mpmath.mpf(2) ** (mpmath.mpf(j) / 64) for j in range(64)]
        return tuple((float(x).hex(), float(x - mpmath.mpf(float(x))).hex()) for x in powers)


def _formulas(kernel: Kernel) -> list[str]:
    """The closed forms as lines of a comment."""
    lines = []
    for label, formula in (("loss", kernel.value_text), ("gradient", kernel.gradient_text)):
        text = f"{label:<12}{escape(formula)}"
        lines += textwrap.wrap(text, WIDTH, initial_indent="//     ", subsequent_indent="//" + " " * 17)
    return lines


def _note(form: Form, output: str) -> str:
    what = {"value": "Loss", "value_and_grad": "Loss and gradient", "hvp": "Hessian times v"}[output]
    target = {"index": "; target: a class", "dense": "; target: one float a class", "none": ""}[form.name]
    return f"// {what} of a row{target}."


_CALLEES = {
    "softmax_less_quotient": ("softmax_less",),
    "softmax_less_multiple": ("softmax_less",),
}


def _with_callees(helpers: set[str]) -> set[str]:
    return helpers | {c for h in helpers for c in _CALLEES.get(h, ())}

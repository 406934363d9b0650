"""The words of generated JavaScript: JSDoc comments and literals. All user text is escaped here.

Whatever a user writes stays within its comment or string, and within the script element of a page.
"""

from __future__ import annotations

import json
import re
import textwrap

from symce.kernel.kernel import KernelParam
from symce.targets.interface import Interface
from symce.targets.layout import WIDTH
from symce.targets.text import formulas, table

_DOMAIN = {"real": "", "nonnegative": " >= 0", "positive": " > 0", "unit": " in [0, 1]"}
_SHAPE = {"": "", "K": ", or an array of K", "NxK": ", or an array in the shape of the logits"}
#: What would end a script element, or change how a page reads the rest of it.
_ELEMENT = re.compile(r"<(?=/script|script|!--)", re.IGNORECASE)
_ROWS = "ArrayLike<number> | ArrayLike<number>[]"


def comment(text: str) -> str:
    """Text as a JSDoc comment that it cannot end."""
    safe = _ELEMENT.sub("< ", _printable(text).replace("*/", "* /"))
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in safe.splitlines()), " */"])


def literal(p: KernelParam) -> str:
    """What is known of a parameter, as an object literal in lines that are indented by two spaces."""
    default = None if p.default is None else int(p.default) if float(p.default).is_integer() else p.default
    fields = {"name": p.name, "domain": p.domain, "default": default, "shape": p.shape, "doc": _printable(p.doc)}
    # "<" as an escape: a string may hold what ends a script element
    entries = [f"{key}: {json.dumps(x, ensure_ascii=False)}".replace("<", "\\u003c") for key, x in fields.items()]
    return "\n".join(["{", *(f"    {entry}," for entry in entries), "  }"])


def module_text(i: Interface) -> str:
    """What a loss is and what its functions take."""
    kernel = i.kernel
    rows = [("logits", "K numbers: one row; or an array of such rows")]
    forms = []
    if i.index:
        forms.append("the class index, from 0 to K - 1; for several rows an array of them")
    if i.dense:
        forms.append("one number a class, in the shape of the logits")
    if forms:
        rows.append(("target", "; or ".join(forms)))
    if i.hvp:
        rows.append(("v", "the vector of a Hessian-vector product, in the shape of the logits"))
    return _paragraphs(
        kernel.title.rstrip(".") + ".",
        formulas(kernel),
        kernel.doc,
        "Arrays are plain ones or Float64Array; all is computed in float64, and no argument is written to.",
        table(rows, WIDTH - 3),
        "Options:",
        table(_options(i), WIDTH - 3),
        f"Reference: {kernel.reference}" if kernel.reference else "",
    )


def functions(i: Interface) -> list[dict[str, object]]:
    """The exported functions: name, args, the lines of the body, and the JSDoc comment."""
    each = "entry" if i.kernel.elementwise else "row"
    target = ["target"] if i.target else []
    loss = f'the loss; one a {each} for reduction "none"'
    shaped = "Float64Array | Float64Array[]"
    found = {
        "value": ("The loss.", f"{{{_value_type(i)}}} {loss}", ".value"),
        "grad": ("The gradient in the logits.", f"{{{shaped}}} in the shape of the logits", ".derivative"),
        "valueAndGrad": (
            "The loss and its gradient, computed together.",
            f"{{{{ value: {_value_type(i)}, grad: {shaped} }}}} see value and grad",
            "",
        ),
        "hvp": ("The Hessian in the logits times v, in O(K) a row.", f"{{{shaped}}} in the shape of v", ".derivative"),
    }
    result: list[dict[str, object]] = []
    for name, (what, returns, part) in found.items():
        if name == "hvp" and not i.hvp:
            continue
        arrays = ["logits", *target, *(["v"] if name == "hvp" else [])]
        wanted = "valueAndGrad" if name == "grad" else name
        evaluated = f'evaluate(kernel, "{wanted}", {{ {", ".join(arrays)} }}, options)'
        body = [f"return {evaluated}{part};"]
        if name == "valueAndGrad":
            body = [f"const both = {evaluated};", "return { value: both.value, grad: both.derivative };"]
        types = {"logits": _ROWS, "target": _target_type(i), "v": _ROWS}
        doc = [
            what,
            "",
            *(f"@param {{{types[a]}}} {a}" for a in arrays),
            "@param {object} [options]",
            f"@returns {returns}",
            "@throws {TypeError} for what is not a number or an array of numbers, and for an option that there is not",
            f"@throws {{RangeError}} for a wrong shape, {'a class out of range, ' if i.index else ''}an unknown "
            "reduction, a number outside its domain",
        ]
        result.append(
            {"name": name, "args": ", ".join([*arrays, "options"]), "body": body, "doc": comment("\n".join(doc))}
        )
    return result


def _value_type(i: Interface) -> str:
    return "number | Float64Array | Float64Array[]" if i.kernel.elementwise else "number | Float64Array"


def _target_type(i: Interface) -> str:
    if not i.index:
        return _ROWS
    return f"number | {_ROWS}" if i.dense else "number | ArrayLike<number>"


def _options(i: Interface) -> list[tuple[str, str]]:
    rows = []
    for p in i.kernel.params:
        default = "required" if p.default is None else f"default {p.default:g}"
        words = f"; {p.doc}" if p.doc else ""
        rows.append((p.name, f"a number{_DOMAIN[p.domain]}{_SHAPE[p.shape]}; {default}{words}"))
    if i.weight:
        acts = "target of" if i.kernel.linear_in_target else "rows of"
        acts = "entries of" if i.kernel.elementwise else acts
        rows.append(("weight", f"null, a number, or an array of K: multiplies the {acts} its class"))
    if i.index:
        rows.append(
            ("ignoreIndex", "rows with this target, default -100, count for nothing, whatever their logits hold")
        )
    if i.smoothing:
        rows.append(("labelSmoothing", "eps in [0, 1], default 0: the target becomes (1 - eps) y + eps / K"))
    count = "the number of entries" if i.kernel.elementwise else "the number of rows"
    if i.index:
        count = "the sum of the kept rows' weights" if i.weight else "the number of kept rows"
        count += ", by the number of rows for a target of one number a class" if i.dense else ""
    rows.append(("reduction", f'"mean" (the default; divided by {count}; NaN where that is 0), "sum" or "none"'))
    rows.append(("normalizer", "null, or a number > 0 that the mean is divided by instead"))
    each = "an entry, in the shape of the logits" if i.kernel.elementwise else "a row"
    rows.append(("cotangent", f'what flows into the losses of reduction "none", one number {each}; not for value'))
    return rows


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable() or c == "\n")


def _paragraphs(*texts: str) -> str:
    """Non-empty texts, each a paragraph: wrapped, but for an indented block, which keeps its lines."""
    blocks = [block for text in texts for block in text.split("\n\n") if block.strip()]
    return "\n\n".join(
        block.rstrip() if block.startswith(" ") else textwrap.fill(" ".join(block.split()), WIDTH - 3)
        for block in blocks
    )

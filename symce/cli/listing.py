"""``list``: the losses that come with symce."""

from __future__ import annotations

from symce.cli.arguments import AsJson
from symce.cli.output import say, say_json, speaks_unicode, steps, table
from symce.cli.selection import selection
from symce.losses.loss import Param

TARGETS = {
    "index": "class index",
    "distribution": "distribution",
    "weights": "weights",
    "multilabel": "labels in [0, 1]",
    "none": "none",
}


def command(as_json: AsJson = False) -> int:
    """List the losses that come with symce, each with its gradient."""
    chosen = selection([])

    # SymPy takes half a second to import: not for --help
    from symce.algebra.latex import latex
    from symce.algebra.text import text
    from symce.cli.chapters import title
    from symce.derivation.gradient import gradient
    from symce.derivation.model import model

    with steps(quiet=True) as progress:
        found = [
            (loss, gradient(model(loss)).final)
            for loss in progress.over("deriving", chosen.losses, [loss.name for loss in chosen.losses])
        ]
    if as_json:
        losses = [
            {
                "name": loss.name,
                "title": loss.title,
                "target": loss.target,
                "parameters": [
                    {"name": p.name, "domain": p.domain, "default": p.default, "shape": p.shape, "doc": p.doc}
                    for p in loss.params
                ],
                "value": loss.value,
                "logits": loss.logits,
                "reference": loss.reference,
                "gradient": {
                    "unicode": text(final.result),
                    "ascii": text(final.result, ascii=True),
                    "latex": latex(final.result),
                    "assumptions": list(final.assumptions),
                },
            }
            for loss, final in found
        ]
        theorems = [{"name": name, "title": title(name)} for name in chosen.theorems]
        say_json({"command": "list", "losses": losses, "theorems": theorems})
        return 0
    ascii = not speaks_unicode()
    rows = [
        (
            loss.name,
            loss.title,
            TARGETS[loss.target],
            ", ".join(map(_parameter, loss.params)),
            text(final.result, ascii=ascii),
        )
        for loss, final in found
    ]
    table(("name", "title", "target", "parameters", "dL/dz[j]" if ascii else "∂ℒ/∂zⱼ"), rows)
    say()
    table(("theorems", "title"), [(name, title(name)) for name in chosen.theorems])
    say()
    say("The derivation of one: symce show NAME", "dim")
    return 0


def _parameter(param: Param) -> str:
    default = "" if param.default is None else f" = {param.default:g}"
    shape = {"": "", "K": "[c]", "NxK": "[i, k]"}[param.shape]
    return f"{param.name}{shape}{default}"

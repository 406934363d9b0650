"""What a page shows of a generated NumPy kernel: the closed form on rows, without the handling of arguments."""

from __future__ import annotations

import ast

from symce.listings.listing import ListingError


def kernel_listing(kernel_text: str, function: str) -> str:
    """What computes ``function`` ("value", "value_and_grad", "hvp") in the text of a NumPy kernel.

    The public functions of a kernel check their arguments and hand rows to a private one; that one is shown, for class
    indices if the loss takes them, and below it the private helpers it calls, in the order of the file. Comments stay,
    docstrings of more than one line go. The name of a function in the text, such as "_hvp_dense", serves as well.

    Raises ListingError if the text has no such function.
    """
    tree = ast.parse(kernel_text)
    # private ones alone: the public functions only pass their arguments on, and a row's `value` is not the function
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("_")}
    candidates = (f"_{function}_index", f"_{function}_dense", f"_{function}", function)
    name = next((candidate for candidate in candidates if candidate in functions), None)
    if name is None:
        rows = [n for n in functions if n.startswith(("_value", "_hvp"))]
        raise ListingError(f"the kernel computes no {function!r} on rows; it has: {', '.join(rows) or 'nothing'}")
    # constants of the module, by the functions that make them
    made = {
        target.id: n
        for n in tree.body
        if isinstance(n, ast.Assign)
        for target in ast.walk(n)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store) and target.id.startswith("_")
    }
    constants: set[int] = set()
    shown = {name}
    waiting = [name]
    while waiting:
        called = {node.id for node in ast.walk(functions[waiting.pop()]) if isinstance(node, ast.Name)}
        for constant in [made[n] for n in sorted(called & made.keys())]:
            constants.add(constant.lineno)
            called |= {node.id for node in ast.walk(constant.value) if isinstance(node, ast.Name)}
        new = (called & functions.keys()) - shown
        shown |= new
        waiting += sorted(new)
    lines = kernel_text.splitlines()
    helpers = [n for n in functions if n in shown and n != name]
    parts = [_source(functions[n], lines) for n in (name, *helpers)]
    return "\n\n\n".join([*parts, *("\n".join(lines[n - 1 : n]) for n in sorted(constants))]) + "\n"


def _source(node: ast.FunctionDef, lines: list[str]) -> str:
    """The lines of a function, without a docstring of more than one line."""
    first, last = node.lineno, node.end_lineno or node.lineno
    body = node.body[0]
    is_text = isinstance(body, ast.Expr) and isinstance(body.value, ast.Constant) and isinstance(body.value.value, str)
    if is_text and len(node.body) > 1 and body.end_lineno is not None and body.end_lineno > body.lineno:
        kept = lines[first - 1 : body.lineno - 1] + lines[body.end_lineno : last]
    else:
        kept = lines[first - 1 : last]
    return "\n".join(kept)

"""How names are written: the Greek letters, the letters of textbooks, and whatever a loss's own parameters are called.

A name is a head and subscripts: ``alpha_pos`` is the letter alpha with the subscript pos, ``k1`` is k with 1. So no
name ever needs an escaped underscore, which some Markdown renderers lose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Upsilon": "Υ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
#: the entry of softmax; no name that a user can type
P_HAT = "^p"
#: name: (LaTeX, Unicode, ASCII) of letters that are not written as they are spelled
_SPECIAL = {
    P_HAT: (r"\hat{\pi}", "π̂", "p"),
    "P": (r"\hat{P}", "P̂", "P"),
    "L": (r"\mathcal{L}", "ℒ", "L"),
    "Lbatch": (r"\mathcal{L}_{\mathrm{batch}}", "ℒ_batch", "Lbatch"),
    "Lreg": (r"\mathcal{L}_{\mathrm{reg}}", "ℒ_reg", "Lreg"),
    # a true distribution and a model's, where neither is a target or softmax: p and q of information theory
    "true": ("p", "p", "true"),
    "model": ("q", "q", "model"),
    "likelihood": (r"\mathcal{L}(\boldsymbol{\theta})", "ℒ(θ)", "likelihood"),
    "nll": (r"\operatorname{NLL}(\boldsymbol{\theta})", "NLL(θ)", "nll"),
    "Lce": (r"\mathcal{L}_{\mathrm{CE}}", "ℒ_CE", "Lce"),
    "phi": (r"\varphi", "φ", "phi"),
    "eps": (r"\epsilon", "ε", "eps"),
}
_SUB = dict(zip("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_SUPER = dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))

#: LaTeX of names that a loss gives letters of their own (``Param.symbol``)
Symbols = Mapping[str, str]


def latex_letter(name: str, indices: tuple[str, ...] = (), symbols: Symbols | None = None) -> str:
    """A name with its indices in LaTeX: ``\\hat{\\pi}_k``, ``\\delta_{kj}``, ``\\gamma_{\\mathrm{pos},c}``."""
    subs: list[str] = []
    if symbols and symbols.get(name):
        head = symbols[name]
        if indices and "_" in head:
            head = f"{{{head}}}"
    elif name in _SPECIAL:
        head = _SPECIAL[name][0]
        if indices and "_" in head:
            head = f"{{{head}}}"
    else:
        head, *rest = _parts(name)
        head = _latex_head(head)
        subs = [r if len(r) == 1 or r.isdigit() else rf"\mathrm{{{r}}}" for r in rest]
    compact = not subs and all(len(i) == 1 and not i.isdigit() for i in indices)
    inner = [_latex_index(i) for i in indices]
    script = "".join(inner) if compact else ",".join([*subs, *inner])
    if not script:
        return head
    return f"{head}_{script}" if len(script) == 1 else f"{head}_{{{script}}}"


def _latex_index(index: str) -> str:
    head, *rest = _parts(index)
    return latex_letter(head) + (f"_{{{rest[0]}}}" if rest else "")


def latex_vector(name: str, symbols: Symbols | None = None) -> str:
    """A vector or matrix in bold: ``\\hat{\\boldsymbol{\\pi}}``, ``\\mathbf{y}``, ``\\boldsymbol{\\alpha}``."""
    if symbols and symbols.get(name):
        return _bold(symbols[name])
    if name in ("true", "model"):
        return rf"\mathbf{{{_SPECIAL[name][0]}}}"
    if name == P_HAT:
        return r"\hat{\boldsymbol{\pi}}"
    if name == "P":
        return r"\hat{\mathbf{P}}"
    head, *rest = _parts(name)
    bold = rf"\boldsymbol{{{_latex_head(head)}}}" if head in GREEK or head in _SPECIAL else rf"\mathbf{{{head}}}"
    return bold + (rf"_{{\mathrm{{{','.join(rest)}}}}}" if rest else "")


def _bold(letter: str) -> str:
    """LaTeX of a letter, in bold below its accent."""
    accent = re.fullmatch(r"(\\[a-z]+)\{(.*)\}", letter)
    if accent and accent[1] in (r"\hat", r"\tilde", r"\bar"):
        return rf"{accent[1]}{{{_bold(accent[2])}}}"
    return rf"\boldsymbol{{{letter}}}" if letter.startswith("\\") else rf"\mathbf{{{letter}}}"


def unicode_letter(name: str, indices: tuple[str, ...] = ()) -> str:
    """A name with its indices as a terminal shows it: ``π̂ⱼ``, ``δₖⱼ``; ``α_c`` where Unicode has no subscript."""
    if name in _SPECIAL:
        head = _SPECIAL[name][1]
    else:
        first, *rest = _parts(name)
        head = "_".join([GREEK.get(first, first), *rest])
    return head + subscript("".join(indices))


def ascii_letter(name: str, indices: tuple[str, ...] = ()) -> str:
    """A name with its indices in the language of losses: ``p[j]``, ``W[k,d]``."""
    head = _SPECIAL[name][2] if name in _SPECIAL else name
    return f"{head}[{','.join(indices)}]" if indices else head


def subscript(script: str) -> str:
    if not script:
        return ""
    lowered = [_SUB.get(ch, "") for ch in script]
    return "".join(lowered) if all(lowered) else f"_{script}"


def superscript(script: str) -> str:
    """Unicode's superscript of a number; "" where there is none."""
    raised = [_SUPER.get(ch, "") for ch in script]
    return "".join(raised) if all(raised) else ""


def _latex_head(head: str) -> str:
    if head in _SPECIAL:
        return _SPECIAL[head][0]
    if head == "omicron" or head not in GREEK:
        return head if len(head) == 1 else rf"\mathrm{{{head}}}"
    return "\\" + head


@cache
def _parts(name: str) -> tuple[str, ...]:
    """alpha_pos -> [alpha, pos]; k1 -> [k, 1]; w_a_b -> [w, a, b]."""
    parts: list[str] = []
    for word in name.split("_"):
        match = re.fullmatch(r"(.*?[^\W\d])(\d+)", word)
        parts += [match[1], match[2]] if match else [word] * bool(word)
    return tuple(parts) or (name,)

"""Whether a declared loss follows the grammar: names, parameters, texts, and that each part is used."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from symce.language import grammar as G
from symce.language.errors import LossError, Source
from symce.language.parse import logits_parser, parse_expected, value_parser
from symce.language.tree import Item

if TYPE_CHECKING:
    from symce.losses.loss import Loss, Param

TARGETS = ("index", "distribution", "weights", "multilabel", "none")
DOMAINS = ("real", "nonnegative", "positive", "unit")
#: one number, one a class, one a logit
SHAPES = ("", "K", "NxK")
TITLE, TEXT = 200, 2_000


def check_loss(loss: Loss) -> None:
    """Raise LossError unless every field of a loss follows the grammar and every parameter is used."""
    _check_texts(loss)
    _check_params(loss)
    value, logits = value_parser(loss), logits_parser(loss)
    value.parse()
    inner = logits.parse()
    if "z" not in logits.used:
        raise LossError("the inner map does not hold z[k]", logits.source, 0, 'The identity is "z[k]".')
    if not value.used & {"z", "p", "s"}:
        remedy = 'A loss holds z[k], p[k] or, for target = "multilabel", s[k].'
        raise LossError("the value does not depend on the logits", value.source, 0, remedy)
    if inner != Item("z", "k") and not value.used & {"p", "s"}:
        remedy = "It changes p and s alone, and the value holds neither: write it into the value, or leave it out."
        raise LossError("the inner map has no effect", logits.source, 0, remedy)
    for param in loss.params:
        if param.name not in value.used | logits.used:
            message = f"the parameter {param.name!r} is used neither in value nor in logits"
            _fail(loss, f"params.{param.name}", message, "Use it, or take it out.")
    parse_expected(loss)


def _fail(loss: Loss, field: str, message: str, remedy: str = "") -> NoReturn:
    raise LossError(message, Source(loss.source_file, field, "", *loss.places.get(field, (1, 1))), remedy=remedy)


def _check_texts(loss: Loss) -> None:
    optional = ("expected",) if loss.expected is not None else ()
    for field in ("name", "title", "target", "value", "logits", "reference", "doc", *optional):
        text = getattr(loss, field)
        if not isinstance(text, str):
            _fail(loss, field, f"must be a string, not {type(text).__name__}")
    reason = G.why_no_name(loss.name)
    if not reason and not loss.name.islower():
        reason = "a loss is written in lower case"
    if not reason and loss.name in {*G.MODULES, *G.BUILTINS, *G.CALLS, *G.VECTORS}:
        reason = "generated code uses it for something else"
    if reason:
        _fail(loss, "name", f"{loss.name[:60]!a} cannot name a loss: {reason}", "Choose a name such as my_loss.")
    if not loss.title.strip() or len(loss.title) > TITLE or not loss.title.isprintable():
        _fail(loss, "title", f"must be one printable line of 1 to {TITLE} characters")
    for field in ("reference", "doc"):
        _check_prose(loss, field, getattr(loss, field))
    if loss.target not in TARGETS:
        remedy = f"{_nearest(loss.target, TARGETS)}One of: {', '.join(TARGETS)}."
        _fail(loss, "target", f"{loss.target[:60]!a} is no kind of target", remedy)


def _check_prose(loss: Loss, field: str, text: object) -> None:
    if not isinstance(text, str):
        _fail(loss, field, f"must be a string, not {type(text).__name__}")
    if len(text) > TEXT or not all(ch.isprintable() or ch == "\n" for ch in text):
        _fail(loss, field, f"must be printable text of at most {TEXT} characters")


def _check_params(loss: Loss) -> None:
    seen: set[str] = set()
    param: Any  # what a caller gave
    for param in loss.params:
        if not all(hasattr(param, f) for f in ("name", "domain", "default", "shape", "doc", "symbol")):
            _fail(loss, "params", f"holds {type(param).__name__}; a parameter is a Param", 'Write Param("gamma").')
        _check_param_name(loss, param.name)
        name, field = param.name, f"params.{param.name}"
        if name in seen:
            _fail(loss, field, f"the parameter {name!r} is declared twice", "Take one out.")
        seen.add(name)
        for what, given, known in (("domain", param.domain, DOMAINS), ("shape", param.shape, SHAPES)):
            if not isinstance(given, str) or given not in known:
                remedy = f"{_nearest(given, known)}One of: {', '.join(map(repr, known))}."
                _fail(loss, field, f"{_short(given)} is no {what}", remedy)
        _check_prose(loss, f"{field}.doc", param.doc)
        if not isinstance(param.symbol, str) or (param.symbol and not G.SYMBOL.match(param.symbol)):
            remedy = "A letter or the command of a Greek one, with a subscript if need be: \\gamma_{0}."
            _fail(loss, f"{field}.symbol", f"{_short(param.symbol)} is no letter", remedy)
        _check_default(loss, param, field)


def _check_param_name(loss: Loss, name: object) -> None:
    reason = G.why_no_name(name)
    if name in G.VECTORS or name in ("c", "K"):
        reason = f"in a statement {name} means something else"
    elif name in G.RESERVED | G.BUILTINS:
        reason = "it means something else in derivations or in generated code"
    elif name in G.INDICES:
        reason = "it is the name of an index"
    elif name == loss.name:
        reason = "it is the name of the loss"
    if reason:
        shown = name if isinstance(name, str) else ""
        _fail(loss, f"params.{shown[:60]}", f"{_short(name)} cannot name a parameter: {reason}", "Choose another name.")


def _check_default(loss: Loss, param: Param, field: str) -> None:
    default: object = param.default
    if default is None:
        return
    if isinstance(default, bool) or not isinstance(default, int | float) or not abs(default) <= G.LARGEST:
        _fail(
            loss, field, f"the default {_short(default)} is no number of at most 1e300", "Write 2.0, or leave it out."
        )
    inside = {"real": True, "nonnegative": default >= 0, "positive": default > 0, "unit": 0 <= default <= 1}
    if not inside[param.domain]:
        _fail(loss, field, f"the default {default} lies outside the domain {param.domain!r}")


def _nearest(name: object, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1) if isinstance(name, str) else []
    return f"Did you mean {near[0]}? " if near else ""


def _short(value: object) -> str:
    """A value as a message shows it."""
    if isinstance(value, int) and abs(value) > G.LARGEST:
        return "of so many digits"  # Python refuses to print some of these
    text = ascii(value)
    return text if len(text) <= G.NAME else f"{text[: G.NAME]}..."

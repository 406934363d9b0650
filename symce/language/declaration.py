"""Whether a declared loss follows the grammar: names, parameters, texts, and that each part is used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NoReturn

from symce.language import grammar as G
from symce.language.errors import LossError, Source
from symce.language.parse import logits_parser, parse_expected, value_parser

if TYPE_CHECKING:
    from symce.losses.loss import Loss, Param

TARGETS = ("index", "distribution", "weights", "multilabel", "none")
DOMAINS = ("real", "nonnegative", "positive", "unit")
SHAPES = ("", "K", "NxK")
TEXT = 2_000


def check_loss(loss: Loss) -> None:
    """Raise LossError unless every field of a loss follows the grammar and every parameter is used."""
    _check_texts(loss)
    _check_params(loss)
    value, logits = value_parser(loss), logits_parser(loss)
    value.parse()
    logits.parse()
    if "z" not in logits.used:
        raise LossError("the inner map does not hold z[k]", logits.source, 0, 'The identity is "z[k]".')
    for param in loss.params:
        if param.name not in value.used | logits.used:
            _fail(
                loss,
                f"params.{param.name}",
                f"the parameter {param.name!r} is used neither in value nor in logits",
                "Use it, or take it out.",
            )
    parse_expected(loss)


def _fail(loss: Loss, field: str, message: str, remedy: str = "") -> NoReturn:
    raise LossError(message, Source(loss.source_file, field, "", *loss.places.get(field, (1, 1))), remedy=remedy)


def _check_texts(loss: Loss) -> None:
    optional = ("expected",) if loss.expected is not None else ()
    for field in ("name", "title", "value", "logits", "reference", "doc", *optional):
        text = getattr(loss, field)
        if not isinstance(text, str):
            _fail(loss, field, f"must be a string, not {type(text).__name__}")
    if not (G.LOSS_NAME.match(loss.name) and G.is_name(loss.name)) or loss.name in G.MODULES:
        _fail(loss, "name", f"{loss.name[:60]!r} cannot name a loss", "Use lower-case letters, digits and _: my_loss.")
    if not loss.title.strip() or len(loss.title) > 200 or not loss.title.isprintable():
        _fail(loss, "title", "must be one printable line of 1 to 200 characters")
    for field in ("reference", "doc"):
        text = getattr(loss, field)
        if len(text) > TEXT or not all(ch.isprintable() or ch == "\n" for ch in text):
            _fail(loss, field, f"must be printable text of at most {TEXT} characters")
    if loss.target not in TARGETS:
        _fail(loss, "target", f"{loss.target!r} is no kind of target", f"One of: {', '.join(TARGETS)}.")


def _check_params(loss: Loss) -> None:
    seen: set[str] = set()
    for param in loss.params:
        name: object = param.name
        field = f"params.{name}"
        if not (isinstance(name, str) and G.is_name(name)) or name in G.RESERVED:
            remedy = "It means something else already, is a Python keyword, or is no ASCII identifier."
            _fail(loss, field, f"{str(name)[:60]!r} cannot name a parameter", remedy)
        if name in seen:
            _fail(loss, field, f"the parameter {name!r} is declared twice")
        seen.add(name)
        if param.domain not in DOMAINS:
            _fail(loss, field, f"{param.domain!r} is no domain", f"One of: {', '.join(DOMAINS)}.")
        if param.shape not in SHAPES:
            _fail(loss, field, f"{param.shape!r} is no shape", 'One of: "", "K" (one a class), "NxK" (one a logit).')
        _check_default(loss, param, field)


def _check_default(loss: Loss, param: Param, field: str) -> None:
    default: object = param.default
    if default is None:
        return
    if isinstance(default, bool) or not isinstance(default, int | float) or not math.isfinite(default):
        _fail(loss, field, f"the default {default!r} is no finite number")
    inside = {"real": True, "nonnegative": default >= 0, "positive": default > 0, "unit": 0 <= default <= 1}
    if not inside[param.domain]:
        _fail(loss, field, f"the default {default} lies outside the domain {param.domain!r}")

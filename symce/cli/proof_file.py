"""proofs/NAME.json: the proofs of one loss, or of one chapter of theorems, as data that ``symce.check`` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symce.cli.errors import CannotRun
from symce.derivation.derive import Derivation
from symce.derivation.proof import Proof
from symce.derivation.serial import documents, serialise
from symce.targets.text import header

FORMAT = "symce-proofs"
VERSION = 1


def loss_file(derivation: Derivation, source: str) -> dict[str, Any]:
    """The file of a loss, as a dict; ``source`` is the hash of its declaration."""
    loss = derivation.loss
    return _file(loss.name, loss.title, header(loss.name, f"sha256 {source}"), list(documents(derivation).values()))


def chapter_file(name: str, title: str, proofs: Sequence[Proof]) -> dict[str, Any]:
    """The file of a chapter of theorems, as a dict."""
    return _file(name, title, header(name, f"symce.theorems.{name}"), [serialise(proof) for proof in proofs])


def _file(name: str, title: str, comment: str, proofs: list[dict[str, Any]]) -> dict[str, Any]:
    # the header stands first: who overwrites the file looks for it in its first lines
    lines = [line.removeprefix("# ") for line in comment.splitlines()]
    return {"header": lines, "format": FORMAT, "version": VERSION, "name": name, "title": title, "proofs": proofs}


def proof_text(document: Mapping[str, Any]) -> str:
    """The text of the file: objects over several lines, an expression on one, so that a diff shows steps."""
    return _laid_out(document, "") + "\n"


def read(path: Path) -> list[dict[str, Any]]:
    """The proofs in a file, which is one of ours or holds a single proof. Raises CannotRun where it is neither."""
    document = read_document(path)
    proofs: list[dict[str, Any]] = document["proofs"] if is_file(document) else [document]
    return proofs


def read_document(path: Path) -> Any:
    """A file of ours, or the single proof in it, or whatever the checker says that it is. Raises CannotRun."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotRun(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CannotRun(f"{path} is no JSON: {error}", "Derive it anew: python -m symce derive") from error
    if is_file(document):
        proofs = document.get("proofs")
        if document.get("version") != VERSION or not isinstance(proofs, list) or not proofs:
            raise CannotRun(
                f"{path}: no proofs of {FORMAT} version {VERSION} in it (its version is {document.get('version')!r})",
                "Derive it anew: python -m symce derive",
            )
    return document


def is_file(document: Any) -> bool:
    """Whether this is a file of ours, of any version."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def _laid_out(value: Any, indent: str) -> str:
    deeper = indent + " "
    if isinstance(value, Mapping) and value:
        lines = [f"{deeper}{json.dumps(key)}: {_laid_out(inner, deeper)}" for key, inner in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[\n" + ",\n".join(deeper + _laid_out(inner, deeper) for inner in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)

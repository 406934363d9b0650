"""Losses to the text of every generated file, in memory; of the output only the names of its modules are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from symce.check.coq.certificate import Certificate, certificate
from symce.cli.chapters import chapter_data, document
from symce.cli.errors import CannotRun, Fails
from symce.cli.folders import KERNELS, PROOFS
from symce.cli.install import is_ours
from symce.cli.output import Steps
from symce.cli.proof_file import loss_file, proof_text
from symce.derivation.budget import DerivationError
from symce.derivation.derive import Derivation, derive
from symce.documents.latex import render_latex
from symce.documents.letters import DocumentError
from symce.documents.markdown import render_markdown
from symce.documents.view import Document, of_loss
from symce.kernel.build import kernel, source_hash
from symce.kernel.kernel import Kernel
from symce.kernel.scope import LoweringError
from symce.losses import Loss, catalogue
from symce.targets import TARGETS, render_kernels


@dataclass(frozen=True)
class Derived:
    """A loss with all that is made of it. Raises Fails where its derivation or its kernel cannot be had."""

    loss: Loss

    @cached_property
    def derivation(self) -> Derivation:
        try:
            return derive(self.loss)
        except DerivationError as error:
            raise Fails(f"{self.loss.name}: no closed form is reached: {error}") from error

    @cached_property
    def kernel(self) -> Kernel:
        try:
            return kernel(self.derivation)
        except LoweringError as error:
            raise Fails(f"{self.loss.name}: the closed form has no kernel: {error}") from error

    @cached_property
    def proofs(self) -> dict[str, Any]:
        """The proofs as data: what proofs/NAME.json holds."""
        return loss_file(self.derivation, source_hash(self.loss))

    @cached_property
    def certificate(self) -> Certificate:
        """The proofs for Coq, made of their data alone."""
        return certificate(self.proofs)

    def page(self) -> Document:
        """The proofs, ready for any format of document."""
        return of_loss(self.derivation, f"sha256 {source_hash(self.loss)}")

    def documents(self) -> dict[str, str]:
        """The files of proofs/: path -> text."""
        try:
            pages = _pages(self.loss.name, self.page())
        except DocumentError as error:
            raise Fails(f"{self.loss.name}: its proofs cannot be written down: {error}") from error
        return pages | _data(self.loss.name, self.proofs, self.certificate)


@dataclass(frozen=True)
class Artifacts:
    """Everything that a run of ``derive`` makes: ``files`` maps a path below the output folder to its text.

    ``theorems`` are the proof files of the chapters, by name. ``notes`` are for the reader of the run.
    """

    derived: Sequence[Derived]
    theorems: Mapping[str, dict[str, Any]]
    files: Mapping[str, str]
    notes: Sequence[str] = field(default=())

    @property
    def proof_files(self) -> dict[str, dict[str, Any]]:
        """The proofs of every loss and chapter, as data, by its name."""
        return {**{d.loss.name: d.proofs for d in self.derived}, **self.theorems}


def make(
    losses: Sequence[Loss], theorems: Sequence[str], targets: Sequence[str], folder: Path, steps: Steps
) -> Artifacts:
    """Derive the losses and print their files: proofs, kernels for ``targets``, and the lists of the packages.

    A package lists these losses, and those of the catalogue whose modules lie in ``folder`` already. ``theorems`` are
    names of chapters. Raises Fails where a loss has no closed form, no kernel or no notation; CannotRun where a
    name of it cannot be one in generated code.
    """
    derived = [Derived(loss) for loss in losses]
    files: dict[str, str] = {}
    for one in steps.over("deriving", derived, [d.loss.name for d in derived]):
        files |= one.documents() | _in_package(_modules(one, targets))
    notes = [note for one in derived for note in _uncertified(one)]
    for target in targets if losses else ():
        others, strangers = _present(folder, target, losses)
        kernels = [d.kernel for d in (*derived, *others)]
        files |= _in_package(TARGETS[target].render_package(kernels))
        notes += [f"{KERNELS}/{target} does not list {name}: derive it together with the others" for name in strangers]
    if losses:
        there = [t for t in TARGETS if t in targets or _is_package(folder, t)]
        files |= _in_package({path: text for path, text in render_kernels([], there).items() if "/" not in path})
    data: dict[str, dict[str, Any]] = {}
    for name in steps.over("proving theorems", theorems, theorems):
        key = f"theorems/{name}"
        data[key] = chapter_data(name)
        files |= _pages(key, document(name)) | _data(key, data[key], certificate(data[key]))
    return Artifacts(derived, data, dict(sorted(files.items())), notes)


def _is_package(folder: Path, target: str) -> bool:
    """Whether Python kernels for a target lie in the output folder already."""
    return (folder / KERNELS / target / "__init__.py").is_file()


def _uncertified(one: Derived) -> list[str]:
    """What is said to whoever derives a loss with steps that no tactic of Coq proves."""
    missing = one.certificate.missing
    if not missing:
        return []
    rules = sorted({m.rule for m in missing if m.step and not m.rule.startswith("by-")})
    return [
        f"{one.loss.name}: {len(missing)} steps have no certificate in Coq ({', '.join(rules)}): "
        f"{PROOFS}/{one.loss.name}.v lists them first"
    ]


def _pages(name: str, page: Document) -> dict[str, str]:
    return {f"{PROOFS}/{name}.tex": render_latex(page), f"{PROOFS}/{name}.md": render_markdown(page)}


def _data(name: str, proofs: dict[str, Any], proven: Certificate) -> dict[str, str]:
    """The proofs as data, and what is made of that alone: the certificates."""
    return {f"{PROOFS}/{name}.json": proof_text(proofs), f"{PROOFS}/{name}.v": proven.text}


def _modules(one: Derived, targets: Sequence[str]) -> dict[str, str]:
    try:
        return {path: text for t in targets for path, text in TARGETS[t].render(one.kernel).items()}
    except ValueError as error:  # a name that generated code cannot have; the message says which
        raise CannotRun(str(error)) from error


def _in_package(files: Mapping[str, str]) -> dict[str, str]:
    return {f"{KERNELS}/{path}": text for path, text in files.items()}


def _present(folder: Path, target: str, asked: Sequence[Loss]) -> tuple[list[Derived], list[str]]:
    """The losses beside those asked for whose modules lie there: of the catalogue, and the names of any others."""
    names = {loss.name for loss in asked}
    lists = {Path(path).stem for path in TARGETS[target].render_package([])}
    found = sorted(
        path.stem
        for path in (folder / KERNELS / target).glob(f"*{TARGETS[target].suffix}")
        if path.stem not in names | lists and not path.stem.startswith("_") and is_ours(path)
    )
    known = catalogue()
    return [_catalogued(name) for name in found if name in known], [name for name in found if name not in known]


@cache
def _catalogued(name: str) -> Derived:
    return Derived(catalogue()[name])

"""How each statement of a handout is checked: by numbers always, and by Coq where its certificate holds every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from symce.check.coq.certificate import Certificate, certificate
from symce.check.coq.names import joined
from symce.derivation.derive import Derivation
from symce.derivation.serial import documents, serialise
from symce.theorems import chapters

NUMBERS = "each step by numbers"


@dataclass
class Checks:
    """``derivation`` gives that of a loss by its name."""

    derivation: Callable[[str], Derivation]
    _certificates: dict[str, Certificate] = field(default_factory=dict)

    def of(self, loss: str, proof: str) -> str:
        """What checks a proof of a loss, or of a chapter of theorems where ``loss`` is "", in the marks of a text."""
        file = loss or next(name for name, proofs in chapters().items() if proof in {p.name for p in proofs})
        missing = [m for m in self._certificate(file, bool(loss)).missing if m.proof == proof]
        if missing:
            steps = ", ".join(str(m.step) for m in missing)
            return f"Checked: {NUMBERS}; Coq has no tactic for step {steps}."
        return f"Checked: {NUMBERS}, and for every size by Coq, `{joined(file, proof)}`."

    def _certificate(self, file: str, of_loss: bool) -> Certificate:
        if file not in self._certificates:
            if of_loss:
                proofs = list(documents(self.derivation(file)).values())
            else:
                proofs = [serialise(proof) for proof in chapters()[file]]
            self._certificates[file] = certificate({"name": file, "proofs": proofs})
        return self._certificates[file]

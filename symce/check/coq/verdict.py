"""What Coq said of a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symce.check.coq.certificate import Missing


@dataclass(frozen=True)
class Failure:
    """Why a certificate is rejected: where, as far as that is known, and what Coq said."""

    message: str
    theorem: str = ""
    proof: str = ""
    step: int | None = None
    rule: str = ""
    line: int | None = None

    def text(self) -> str:
        """In words."""
        of = self.proof or self.theorem
        place = f"step {self.step}" + (f" ({self.rule})" if self.rule else "") if self.step else ""
        line = f"line {self.line} of the certificate" if self.line and not self.step else ""
        return ": ".join(part for part in (", ".join(p for p in (of, place, line) if p), self.message) if part)


@dataclass(frozen=True)
class Verdict:
    """The outcome for the proofs of one file.

    ``theorems`` are the names in Coq of what is proven, ``from_two`` those of them that hold from K = 2 on, ``axioms``
    what they rest on, ``missing`` the steps that no tactic proves. ``known``: found in the cache, not run.
    """

    theorems: Sequence[str]
    failures: Sequence[Failure]
    axioms: Sequence[str] = ()
    missing: Sequence[Missing] = ()
    from_two: Sequence[str] = ()
    seconds: float = 0.0
    known: bool = False
    unseen: Sequence[str] = field(default=())

    @property
    def ok(self) -> bool:
        """Coq accepts all that the certificate says; ``missing`` says what it does not say."""
        return not self.failures

"""From a line of a certificate back to the proof and the step that stand there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symce.check.coq import audit
from symce.check.coq.names import joined
from symce.check.coq.verdict import Failure

_STEP = re.compile(r"\b(?:step|result)(?:_le|_ge)? (\d+)\b")
_OF_STEP = re.compile(r"(.*)_step_(\d+)")


@dataclass(frozen=True)
class Places:
    """A certificate's text, and the proofs that it was made from: their rules, by the names of their theorems."""

    text: str
    proofs: Mapping[str, tuple[str, Sequence[str]]]

    @staticmethod
    def of(text: str, data: Mapping[str, Any]) -> Places:
        """``data``: the JSON that the certificate was made from."""
        prefix = joined(str(data["name"])) if "proofs" in data else "proof"
        return Places(
            text,
            {
                joined(prefix, str(proof["name"])): (str(proof["name"]), [str(s["rule"]) for s in proof["steps"]])
                for proof in data.get("proofs", [data])
            },
        )

    def failure(self, line: int, message: str) -> Failure:
        """What is wrong at a line of the text."""
        theorem, step = "", None
        for start, sentence in audit.sentences(self.text):
            if start > line:
                break
            statement = re.match(r"(?:Lemma|Theorem|Corollary|Definition) ([\w']+)", sentence)
            if statement:
                theorem, step = statement[1], None
            else:
                found = _STEP.match(sentence)
                step = int(found[1]) if found else None
        proof, rules = self._proof(theorem)
        rule = rules[step - 1] if step and step <= len(rules) else ""
        return Failure(message, theorem, proof, step, rule, line)

    def _proof(self, theorem: str) -> tuple[str, Sequence[str]]:
        """The proof that a theorem states, or one of whose steps or names it is."""
        of_step = _OF_STEP.fullmatch(theorem)
        for name in (theorem, theorem.removesuffix("_names"), of_step[1] if of_step else ""):
            if name in self.proofs:
                return self.proofs[name]
        return "", ()

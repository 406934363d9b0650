"""What the text of a certificate may hold, and which axioms its theorems may rest on.

Two looks that do not depend on one another. Before anything runs, the text is read: it consists of definitions and of
theorems with finished proofs, and nothing else, so that a name in a proof's JSON cannot smuggle in a command. After it
has run, Coq itself says which axioms the theorems rest on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: the axioms of Coq's real numbers (classical Dedekind cuts), extensionality of functions, and the excluded middle
ALLOWED = (
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
)

#: what introduces something without a proof, leaves a proof open, or weakens what Coq checks
_WITHOUT_PROOF = "Axiom Axioms Conjecture Conjectures Parameter Parameters Primitive"
_OPEN = "Admitted Admit Abort Obligation Obligations admit give_up"
_WEAKER = "Unset bypass_check"
_OUTSIDE = "Redirect Extraction Drop Load Cd ML"
#: what does so outside a section
_SECTIONAL = frozenset(["Hypothesis", "Hypotheses", "Variable", "Variables", "Context"])
FORBIDDEN = frozenset(f"{_WITHOUT_PROOF} {_OPEN} {_WEAKER} {_OUTSIDE}".split())
#: what leaves all checking to Coq's kernel at the end of a proof: sound, but an error would not be found at its step
UNCHECKED = frozenset(["exact_no_check", "vm_cast_no_check", "native_cast_no_check", "change_no_check"])
#: how the sentences of a certificate may begin; within a proof they are tactics, in lower case
_SENTENCE = re.compile(
    r"From Symce Require Import \w|Local Open Scope R_scope$|Definition \w|(Lemma|Theorem|Corollary) \w"
)
_STATEMENT = re.compile(r"^(?:Lemma|Theorem|Corollary)\s+([\w']+)", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_][\w']*")
#: the name of the term that holds all theorems
ALL = "all_theorems_of_this_file"


@dataclass(frozen=True)
class Unsound:
    """What a text may not hold: the line and what is wrong there."""

    line: int
    message: str


def bare(text: str) -> str:
    """The text with comments and strings replaced by spaces; lines stay where they are."""
    kept, depth, place = [], 0, 0
    while place < len(text):
        two = text[place : place + 2]
        if two == "(*" or (depth and two == "*)"):
            depth += 1 if two == "(*" else -1
            kept.append("  ")
            place += 2
        elif text[place] == '"':  # Coq reads strings in comments, too
            end = text.find('"', place + 1)
            end = len(text) if end < 0 else end + 1
            kept.append(re.sub(r"[^\n]", " ", text[place:end]))
            place = end
        else:
            kept.append(text[place] if not depth or text[place] == "\n" else " ")
            place += 1
    return "".join(kept)


def forbidden(text: str, *, library: bool = False) -> Iterator[Unsound]:
    """The words of a text, of a certificate or of the library, that would let it claim what it does not prove.

    A tactic of the library may leave a term unchecked that it has built, for the kernel to check at Qed.
    """
    refused = FORBIDDEN if library else FORBIDDEN | UNCHECKED
    depth = 0
    for number, line in enumerate(bare(text).splitlines(), 1):
        words = _WORD.findall(line)
        depth += {"Section": 1, "End": -1}.get(words[0], 0) if words else 0
        for word in words:
            if word in refused or (word in _SECTIONAL and depth <= 0):
                yield Unsound(number, f"it holds the word {word}")


def unsound(text: str) -> list[Unsound]:
    """All that speaks against a certificate before it is run."""
    found = list(forbidden(text))
    proving = False
    for line, sentence in sentences(text):
        if sentence in ("Proof", "Qed"):
            if proving == (sentence == "Proof"):
                found.append(Unsound(line, f"{sentence} out of place"))
            proving = sentence == "Proof"
        elif proving and not re.match(r"[a-z]", sentence):
            found.append(Unsound(line, f"a sentence in a proof is no tactic: {_short(sentence)}"))
        elif not proving and not _SENTENCE.match(sentence):
            found.append(Unsound(line, f"a sentence is neither definition nor theorem: {_short(sentence)}"))
    if proving:
        found.append(Unsound(len(text.splitlines()), "a proof without an end"))
    return sorted(found, key=lambda each: each.line)


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of Coq in a text, each with the line that it begins on, without comments."""
    plain, start = bare(text), 0
    for stop in re.finditer(r"\.(?=\s|$)", plain):
        sentence = plain[start : stop.start()]
        lead = len(sentence) - len(sentence.lstrip())
        if sentence.strip():
            yield plain.count("\n", 0, start + lead) + 1, " ".join(sentence.split())
        start = stop.end()
    if plain[start:].strip():
        yield plain.count("\n", 0, start) + 1, " ".join(plain[start:].split())


def theorems(text: str) -> list[str]:
    """The names of the theorems, lemmas and corollaries of a text, in order."""
    return _STATEMENT.findall(bare(text))


def question(names: Sequence[str]) -> str:
    """What is put below a text so that Coq says which axioms its theorems rest on, all at once: that is faster."""
    pairs = names[-1]
    for name in reversed(names[:-1]):
        pairs = f"({name}, {pairs})"
    return f"\nDefinition {ALL} := {pairs}.\nPrint Assumptions {ALL}.\n"


def axioms(answer: str) -> list[str]:
    """The axioms that Coq lists, or a line of its answer that is not understood, which counts as one."""
    found = []
    for line in answer.splitlines():
        if not line.strip() or line in ("Axioms:", "Closed under the global context") or line.startswith(" "):
            continue
        name = re.match(r"([\w.']+)(\s*:|$)", line)
        found.append(name[1] if name else line)
    if not answer.strip():
        found.append("(Coq did not say)")
    return found


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."

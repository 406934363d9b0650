"""Why the code computes a loss so: the rules that its kernel follows, and what would be lost without them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sympy import Add, Expr, Indexed, IndexedBase, KroneckerDelta, exp

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex
from symce.algebra.walk import bottom_up
from symce.derivation.derive import Derivation
from symce.derivation.model import Model, k
from symce.documents.letters import Meaning, printed
from symce.figures.letters import latex_number
from symce.handout.author import Author
from symce.handout.digits import Comparison, comparison, number
from symce.kernel.kernel import Kernel
from symce.kernel.stability import CATALOGUE, A, D, E, R, T, f, m, x
from symce.rules import Rule, laws

TITLE = "Why the code computes it so"
_z, _u = laws.z, IndexedBase("u", real=True)
#: the second distribution of a law: q in print, whatever else a handout calls q
_q = IndexedBase("q_", positive=True)
#: the difference of two logits, less its mean under q
_gap = IndexedBase("x_", real=True)
_l = ClassIndex("l")


def _gap_of(index: Expr) -> Expr:
    return _z[index] - _u[index] - FiniteSum(_q[_l] * (_z[_l] - _u[_l]), _l)


#: the letters of the laws, each after those that its definition holds
_LETTERS = {
    "m": Meaning(m, _z[A], "the largest logit"),
    "D": Meaning(D[k], _z[A] - _z[k], "how far a logit is below the largest"),
    "E": Meaning(E[k], exp(-D[k]), "at most 1, and 1 for the largest"),
    "R": Meaning(R, FiniteSum((1 - KroneckerDelta(A, k)) * E[k], k), "the sum of all but that of the largest"),
    "f": Meaning(f[k], None, "any numbers, one a class"),
    "x": Meaning(x, None, "any number"),
    "T": Meaning(T, None, "what all logits are divided by"),
    "u": Meaning(_u[k], None, "the logits of another softmax"),
    "q_": Meaning(_q[k], None, "another distribution, the softmax of u where a law has u"),
    "x_": Meaning(_gap[k], _gap_of(k), "the difference of two logits, less its mean"),
}


def readable(rule: Rule) -> Rule:
    """The rule with its law in the letters of a page: q for a second softmax, and x_k for what the law repeats."""

    def letters(expr: Expr) -> Expr | None:
        if isinstance(expr, Softmax) and expr.args[0] == _u:
            return _q[expr.args[1]]
        if isinstance(expr, Indexed) and expr.base == laws.model:
            return _q[expr.indices[0]]
        return None

    def gaps(expr: Expr) -> Expr | None:
        if not isinstance(expr, Add):
            return None
        for index in sorted((s for s in expr.free_symbols if isinstance(s, ClassIndex)), key=str):
            for sign in (1, -1):
                rest = list(expr.args)
                for term in Add.make_args(sign * _gap_of(index)):
                    if term not in rest:
                        break
                    rest.remove(term)
                else:
                    return Add(*rest, sign * _gap[index])
        return None

    left, right = (bottom_up(bottom_up(side, letters), gaps) for side in rule.law)
    return replace(rule, law=(left, right))


@dataclass
class Reasons:
    """Writes the sections of one handout: each rule and each letter once, where the first loss needs it."""

    author: Author
    #: the label of the section that shows a rule, by the rule's name
    shown: dict[str, str] = field(default_factory=dict)
    explained: set[str] = field(default_factory=set)

    def write(self, derivation: Derivation, kernel: Kernel, label: str) -> None:
        """What the current section, which has this label, says of a loss."""
        self.rules(derivation.model, kernel, label)
        found = comparison(derivation, kernel)
        if found is not None:
            self.example(found, label)

    def rules(self, model: Model, kernel: Kernel, label: str) -> None:
        author = self.author
        if not kernel.stability:
            author.say("Nothing in this loss overflows or cancels: the closed forms are computed as they stand.")
            return
        new = [readable(CATALOGUE[name]) for name in kernel.stability if name not in self.shown]
        old = [name for name in kernel.stability if name in self.shown]
        if not self.shown:
            author.say(
                "Floating point loses digits where numbers that are nearly equal are subtracted, and all of them where"
                " an exponential overflows or a probability rounds to 0 or 1. Both sides of a law are equal in"
                " mathematics; the kernel computes the right one, which keeps what the left one loses."
            )
        if old:
            places = dict.fromkeys(self.shown[name] for name in old)
            where = ", ".join(f"[#{place}]" for place in places)
            more = ", and besides these:" if new else "."
            author.say(f"The kernel follows {', '.join(f'`{name}`' for name in old)} ({where}){more}")
        self.letters(new)
        for words in _remarks(model, kernel):
            author.say(words)
        if new:
            author.laws(new)
            self.shown |= {rule.name: label for rule in new}

    def letters(self, rules: Sequence[Rule]) -> None:
        """What the letters of these laws mean, those that no section before this explained."""
        author = self.author
        exprs = [side for rule in rules for side in rule.law]
        seen = author.glossary.seen
        params = author.glossary.model.parameters if author.glossary.model else {}
        names = printed(exprs)
        # reasons name letters, too
        words = {word for rule in rules for word in re.findall(r"[A-Za-z]+", rule.why)}
        names |= words & set(_LETTERS) - ({"x"} if "x_" in names else set())
        for name in reversed(_LETTERS):  # a definition holds letters that stand before it
            if name in names and _LETTERS[name].definition is not None:
                names |= printed([_LETTERS[name].definition])
        own = [name for name in _LETTERS if name in names - self.explained and not (name == "T" and name in params)]
        exprs += [_LETTERS[name].definition for name in own if _LETTERS[name].definition is not None]
        # letters that mean something else in the proofs, such as D, have their meaning here from the list above
        elsewhere = set(_LETTERS) - seen
        seen.update(elsewhere)
        meanings = list(author.glossary.introduce((), exprs))
        seen.difference_update(elsewhere)
        if any(expr.has(A) for expr in exprs) and "a" not in self.explained:
            meanings.append(Meaning(A, None, "in the laws, a class whose logit is the largest"))
            self.explained.add("a")
        self.explained.update(own)
        author.letters([*meanings, *(_LETTERS[name] for name in own)])

    def example(self, found: Comparison, label: str) -> None:
        author = self.author
        author.say(
            f"[#tab-{label}] shows what this is worth: {found.quantity} by the formula above, with each of its"
            " operations rounded to float32, by the kernel in float32, and exactly for the same numbers."
        )
        rows = [(_step(row.step), number(row.exact), number(row.formula), number(row.kernel)) for row in found.rows]
        author.table(
            f"tab-{label}",
            f"{found.quantity[0].upper()}{found.quantity[1:]} in float32 where {found.where}; {found.setting}",
            (found.head, "exact", "by the formula", "by the kernel"),
            rows,
            numeric=(0, 1, 2, 3),
        )


def _step(x: float) -> str:
    mantissa, _, exponent = f"{x:.0e}".partition("e")
    return f"$10^{{{int(exponent)}}}$" if mantissa == "1" and x < 0.1 else f"${latex_number(x)}$"


def _remarks(model: Model, kernel: Kernel) -> Iterable[str]:
    """What the letters of the laws stand for in a loss that does not take softmax of its logits."""
    if model.image is not None:
        shift = " (in `shift-before-division`, what is divided)" if "shift-before-division" in kernel.stability else ""
        yield f"In the laws $z_k$ is what softmax is taken of, here $a_k${shift}."
    if model.value.has(Sigmoid) and "complement-by-the-others" in kernel.stability:
        yield (
            r"A sigmoid is the softmax of two logits, $x$ and $0$: of it the law of the complement says"
            r" $1 - \sigma(x) = \sigma(-x)$."
        )

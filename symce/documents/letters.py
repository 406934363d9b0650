"""What every letter of a proof means, in the order in which a reader meets them.

A letter that a document prints and nobody explains is an error of symce, and reported as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sympy import Expr, Function, Indexed, IndexedBase, KroneckerDelta, Symbol

from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex, D, FeatureIndex, Index, K, N, SampleIndex, j
from symce.algebra.letters import P_HAT
from symce.algebra.nodes import Named
from symce.algebra.presentation import Big, Letter, Node, Of, children
from symce.algebra.reading import read
from symce.derivation.model import Model
from symce.derivation.proof import Proof
from symce.rules.linear import logit

k, i, d = ClassIndex("k"), SampleIndex("i"), FeatureIndex("d")


class DocumentError(RuntimeError):
    """A document cannot be written; the message says what is missing and where to add it."""


@dataclass(frozen=True)
class Meaning:
    """``letter`` = ``definition`` (None where words alone say what it is)."""

    letter: Expr
    definition: Expr | None
    words: str


_TARGETS = {
    "index": "the target: 1 for the true class, 0 for every other",
    "distribution": "the target: a probability distribution over the classes, such as a one-hot vector",
    "weights": "the target: any weight of each class",
    "multilabel": "the target: a label in [0, 1] of each class, independent of the others",
    "none": "a distribution over the classes",
}
#: letters with words of their own, in the order of the list
_WORDS: dict[str, tuple[Expr, str]] = {
    "L": (Symbol("L"), "the loss of one sample"),
    "K": (K, "the number of classes"),
    "N": (N, "the number of samples of a batch"),
    "D": (D, "the number of features"),
    "c": (ClassIndex("c"), "the true class"),
    "z": (IndexedBase("z")[k], "the logit of class k"),
    "a": (IndexedBase("a")[k], "the adjusted logit"),
    P_HAT: (Softmax(IndexedBase("z"), k), "softmax: the predicted probability of class k"),
    "s": (Sigmoid(IndexedBase("z")[k]), "the logistic sigmoid: the predicted probability of label k"),
    "y": (IndexedBase("y")[k], ""),
    "q": (IndexedBase("q")[k], "the effective target: what stands in the place of the target"),
    "eps": (Symbol("eps"), "the amount of label smoothing"),
    "delta": (KroneckerDelta(k, j), "the Kronecker delta: 1 if its two indices are equal, 0 if not"),
    "H": (Function("H")(Symbol("p")), "entropy, or cross-entropy of two distributions"),
    "KL": (Function("KL")(Symbol("p"), Symbol("y")), "the Kullback-Leibler divergence"),
    "W": (IndexedBase("W")[k, d], "the weight of feature d for class k; W has K rows and D columns"),
    "b": (IndexedBase("b")[k], "the bias of class k"),
    "x": (IndexedBase("x")[d], "feature d of a sample"),
    "g": (IndexedBase("g")[k], "the derivative of the loss with respect to the logit of class k"),
    "Lbatch": (Symbol("Lbatch"), "the loss of a batch"),
    "M": (Symbol("M"), "the denominator of the mean: N, the sum of the weights, or what the caller gives"),
    "X": (IndexedBase("X")[i, d], "the features of a batch, one row a sample"),
    "P": (IndexedBase("P")[i, k], "the predicted probabilities of a batch, one row a sample"),
    "S": (IndexedBase("S")[i, k], "the predicted probabilities of the labels of a batch, one row a sample"),
    "Y": (IndexedBase("Y")[i, k], "the targets of a batch, one row a sample"),
    "Q": (IndexedBase("Q")[i, k], "the effective targets of a batch, one row a sample"),
    "G": (IndexedBase("G")[i, k], "the derivative of the loss of sample i with respect to its logit of class k"),
    "Lreg": (Symbol("Lreg"), "the loss of a batch with an L2 penalty"),
    "lambda": (Symbol("lambda"), "the factor of the penalty"),
    "v": (IndexedBase("v")[k], "the vector that the Hessian is multiplied by"),
    "true": (IndexedBase("true")[k], "a true distribution over the classes"),
    "model": (IndexedBase("model")[k], "a model's distribution over the classes, nowhere 0"),
    "E": (
        Function("E")(Symbol("true"), Symbol("model")),
        "the expectation of what the bracket holds, for a class X that is drawn from the distribution below",
    ),
    "likelihood": (Symbol("likelihood"), "the probability that the model gives to all labels of the batch"),
    "nll": (Symbol("nll"), "the negative log-likelihood"),
    "Lce": (Symbol("Lce"), "the cross-entropy loss of the batch"),
    "u": (IndexedBase("u")[k], "any numbers, one a class"),
    "V": (IndexedBase("V")[k, d], "a direction in the space of the weights"),
    "beta": (IndexedBase("beta")[k], "a direction in the space of the biases"),
    "h": (Symbol("h"), "any number"),
    "t": (Symbol("t"), "any number that is at least 0"),
    "B": (Symbol("B"), "any bound"),
    "phi": (Symbol("phi"), "the product of the gradient with v: its gradient is the Hessian times v"),
}
_DOMAINS = {"real": "any number", "nonnegative": "at least 0", "positive": "above 0", "unit": "between 0 and 1"}


@dataclass
class Glossary:
    """Gives the meaning of each letter once, at its first appearance.

    ``model`` is None for theorems that belong to no loss.
    """

    model: Model | None

    def __post_init__(self) -> None:
        self.seen: set[str] = set()

    def introduce(self, proofs: Iterable[Proof], also: Iterable[Expr] = ()) -> tuple[Meaning, ...]:
        """The meanings of the letters that these proofs print and no earlier call explained.

        Raises DocumentError for a letter without a meaning.
        """
        exprs = [*also, *(e for p in proofs for e in (p.statement, *(s.expr for s in p.steps)))]
        named = _named(exprs)
        found: list[Meaning] = []
        names = printed(exprs)
        while new := sorted(names - self.seen, key=self.order):
            self.seen.add(new[0])
            meaning = self.meaning(new[0], named)
            found.append(meaning)
            if meaning.definition is not None:
                names |= printed([meaning.definition])
                named = _named([meaning.definition]) | named
        if any(_name(m.letter) == "W" for m in found):
            label, definition = logit(k).args
            found.append(Meaning(label, definition, "the linear layer"))
        return tuple(sorted(found, key=lambda m: self.order(_name(m.letter))))

    def order(self, name: str) -> tuple[int, str]:
        own = self.model is not None and any(p.name == name for p in self.model.loss.params)
        position = list(_WORDS).index(name if name in _WORDS and not own else "c")
        return position, name

    def meaning(self, name: str, named: dict[str, Named]) -> Meaning:
        for param in self.model.loss.params if self.model else ():
            if param.name == name and self.model:
                letter = self.model.parameters[name]
                letter = letter[k] if isinstance(letter, IndexedBase) else letter
                default = "" if param.default is None else f", by default {param.default:g}"
                words = f"{param.doc}; " if param.doc else ""
                return Meaning(letter, None, f"{words}{_DOMAINS[param.domain]}{default}")
        if name in named:
            label, definition = named[name].args
            return Meaning(label, definition, self.words(name))
        if name not in _WORDS:
            raise DocumentError(f"the letter {name!r} is printed but explained nowhere; add it to {__name__}")
        letter, words = _WORDS[name]
        return Meaning(*self.defined(name, letter), words or self.words(name))

    def defined(self, name: str, letter: Expr) -> tuple[Expr, Expr | None]:
        logits = self.model.logits if self.model else IndexedBase("z")
        if name == P_HAT:
            return Softmax(logits, k), Softmax(logits, k).definition()
        if name == "s":
            return Sigmoid(logits[k]), Sigmoid(logits[k]).definition()
        if name == "a" and self.model and self.model.image is not None:
            return letter, self.model.image
        return letter, None

    def words(self, name: str) -> str:
        if name == "y":
            return _TARGETS[self.model.loss.target if self.model else "distribution"]
        return _WORDS[name][1] if name in _WORDS else ""


def printed(exprs: Iterable[Expr]) -> set[str]:
    """The names of the letters that these expressions print, and "c" where it is an index in them."""
    names: set[str] = set()

    def visit(node: Node) -> None:
        if isinstance(node, Letter):
            names.add(node.name)
            if "c" in node.indices:
                names.add("c")
        elif isinstance(node, Of):
            names.add(node.name)
            names.update(node.vectors)
        elif isinstance(node, Big):
            names.add(node.size)
        for child in children(node):
            visit(child)

    for expr in exprs:
        visit(read(expr))
    return names


def _named(exprs: Iterable[Expr]) -> dict[str, Named]:
    """The named subexpressions by name, those with free indices; each under the first index that it stands at."""
    found: dict[str, Named] = {}
    for expr in exprs:
        for node in sorted(expr.atoms(Named), key=lambda n: n.sort_key()):
            bound = any(isinstance(s, Index) and s.is_bound for s in node.free_symbols)
            if bound or node.label.atoms(Named):
                continue
            name = _name(node.label)
            if name not in found or (len(node.label.free_symbols) < len(found[name].label.free_symbols)):
                found[name] = node
    return found


def _name(label: Expr) -> str:
    if isinstance(label, Indexed):
        return str(label.base)
    if isinstance(label, Symbol):
        return str(label.name)
    return {"Softmax": P_HAT, "Sigmoid": "s", "KroneckerDelta": "delta"}.get(type(label).__name__, type(label).__name__)

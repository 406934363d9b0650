"""Binary cross-entropy."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    prove, loss = material.theorems, material.derivation("bce_with_logits")
    author.section("binary", "Two classes: binary cross-entropy")
    author.say(
        r"With $K = 2$ softmax is the logistic sigmoid $\sigma(t) = 1/(1 + e^{-t})$ of the **difference** of the"
        r" logits, and cross-entropy is the binary one. Two logits are one too many: only their difference counts,"
        r" which is why libraries take a single logit for two classes."
    )
    author.theorem(prove["softmax-of-two"])
    author.theorem(prove["binary-cross-entropy"], boxed=True)
    author.subsection("multilabel", "Several labels at once")
    author.say(
        "With one sigmoid a class, each label is a binary problem of its own: a picture may show a dog *and* a cat."
        " This is the loss that libraries call BCE with logits."
    )
    author.loss(loss.model)
    for proof in loss.gradient.proofs:
        author.theorem(proof, scope="bce_with_logits", boxed=proof is loss.gradient.final)
    author.run(material.runs["bce_with_logits"])

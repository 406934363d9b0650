"""The gradient for one sample: with respect to the logits, the weights and the biases."""

from __future__ import annotations

from symce.algebra.indices import j
from symce.algebra.matrix import matrix_derivative, matrix_form
from symce.derivation.model import k
from symce.handout.author import Author
from symce.handout.material import Material
from symce.rules.linear import logit


def write(author: Author, material: Material) -> None:
    prove, loss = material.theorems, material.derivation("cross_entropy")
    first = {proof.name: proof for proof in loss.gradient.proofs}
    layer = {proof.name: proof for proof in loss.linear}
    author.section("gradient", "The gradient, step by step")
    author.subsection("model", "The softmax regression model")
    author.say(
        r"A linear layer gives every class a score, its **logit**, from the features $\mathbf{x} \in \mathbb{R}^D$;"
        r" **softmax** makes the logits probabilities. The parameters are $\boldsymbol{\theta} = \{\mathbf{W},"
        r" \mathbf{b}\}$, with $\mathbf{W} \in \mathbb{R}^{K \times D}$ and $\mathbf{b} \in \mathbb{R}^K$."
    )
    author.display(*logit(k).args)
    author.say("The loss of one sample is the cross-entropy of its target and the prediction:")
    author.loss(loss.model)

    author.subsection("softmax-jacobian-section", "The softmax Jacobian")
    author.say(
        "Everything rests on how softmax moves with the logits. Raising a logit raises the probability of its own class"
        " and lowers all others, since they share one denominator."
    )
    author.theorem(prove["softmax-jacobian"], boxed=author.options.style == "delta")
    if author.options.style == "cases":
        author.theorem(prove["jacobian-by-cases"], boxed=True)
    if author.options.style == "matrix":
        _jacobian_as_matrix(author, material)
    author.figure(material.figures["softmax-jacobian"])

    author.subsection("logits", "Step 1: the logits")
    author.say(
        r"The chain rule goes through all probabilities: $\frac{\partial \mathcal{L}}{\partial z_j} = \sum_k"
        r" \frac{\partial \mathcal{L}}{\partial \ph_k} \frac{\partial \ph_k}{\partial z_j}$. Its first factor is short:"
    )
    author.theorem(first["gradient-partial-p"], scope="cross_entropy")
    author.say(
        r"With it and the Jacobian the gradient follows, at first for **any** numbers $y_k$: the general result has"
        r" a factor $\sum_k y_k$, which shortcuts forget and which matters for weighted, masked and unnormalised"
        r" targets."
    )
    author.theorem(first["gradient"], scope="cross_entropy")
    author.say("For a target that sums to one, as every one-hot vector does, the beautiful result is its corollary.")
    author.theorem(first["corollary"], scope="cross_entropy", boxed=True)
    if author.options.style == "cases":
        author.say("The same by cases: the term $k = j$ of the chain rule apart from all others.")
        author.theorem(prove["gradient-by-cases"])
    if author.options.style == "matrix":
        _gradient_as_matrix(author, material)
    author.say(
        "The gradient is the **difference between the predicted probabilities and the true ones**. Where the prediction"
        r" is right, $\ph_c \approx 1$, it is near 0 and the update is small; where it is wrong, $\ph_c \approx 0$, it"
        " is large. It pushes the prediction towards the target, class by class."
    )
    author.figure(material.figures["gradient-flow"])
    author.live(
        "live-cross-entropy", "Move the logits, and see the loss and its gradient", [material.kernel("cross_entropy")]
    )
    with author.note("note", "A second route"):
        author.say("Libraries compute $\\log$-softmax first. The derivative of that leads to the same result.")
        author.theorem(prove["nll-of-log-softmax"])

    author.subsection("weights", "Step 2: the weights")
    author.say("The weight $w_{kd}$ moves the logit of class $k$ alone, by $x_d$ for every unit.")
    author.theorem(layer["weights"], scope="cross_entropy", boxed=True)
    author.subsection("biases", "Step 3: the biases")
    author.theorem(layer["bias"], scope="cross_entropy", boxed=True)
    author.say("What a layer below would need is the derivative with respect to the features:")
    author.theorem(layer["input"], scope="cross_entropy")


def _jacobian_as_matrix(author: Author, material: Material) -> None:
    form = matrix_form(material.theorems["softmax-jacobian"].result, (k, j), author.symbols)
    author.say("As a matrix, with $k$ for the row and $j$ for the column:")
    author.formula(r"\mathbf{J}", form or "")


def _gradient_as_matrix(author: Author, material: Material) -> None:
    """J^T dL/dp, each piece the matrix form of what was derived."""
    proofs = {p.name: p for p in material.derivation("cross_entropy").gradient.proofs}
    symbols = author.symbols
    jacobian = matrix_form(material.theorems["softmax-jacobian"].result, (k, j), symbols)
    partial = matrix_form(proofs["gradient-partial-p"].result, (k,), symbols)
    rows = [matrix_form(proofs[name].result, (j,), symbols) for name in ("gradient", "corollary")]
    derivative = matrix_derivative(proofs["gradient"].statement, symbols)
    if derivative is None or None in (jacobian, partial, *rows):
        raise RuntimeError("a result of cross-entropy has no matrix form: see symce.algebra.matrix")
    author.say("In matrices, with the transpose of the Jacobian:")
    author.formula(
        derivative[0], rf"\left({jacobian}\right)^T \left({partial}\right)", *[row for row in rows if row is not None]
    )

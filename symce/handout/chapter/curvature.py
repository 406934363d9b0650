"""Second derivatives: the Hessian, its product with a vector, convexity, Fisher information."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    prove, loss = material.theorems, material.derivation("cross_entropy")
    author.section("curvature", "Curvature and convexity")
    author.say(
        "Newton's method, Laplace approximations and bounds on step sizes need second derivatives. For cross-entropy"
        " they do not depend on the target at all."
    )
    if loss.second is not None:
        hessian, product = loss.second
        for proof in hessian.proofs:
            author.theorem(proof, scope="cross_entropy", boxed=proof is hessian.proofs[-1])
        author.say(
            "A $K \\times K$ matrix is too much for many classes. Its product with a vector $\\mathbf{v}$ is all that"
            " most methods need, and takes one pass over the row:"
        )
        for proof in product.proofs:
            author.theorem(proof, scope="cross_entropy", boxed=proof is product.proofs[-1])
    author.figure(material.figures["hessian"])
    author.subsection("convexity", "Convexity")
    author.say(
        r"With $m = \sum_l \ph_l v_l$, the mean of $\mathbf{v}$ under the prediction, the quadratic form of the Hessian"
        " is a variance; and no variance is negative."
    )
    author.theorem(prove["variance"])
    author.theorem(prove["convex-in-the-logits"], boxed=True)
    author.say(
        "Logits are linear in weights and biases, so that the loss of softmax regression is convex in its parameters:"
        " every local minimum is a global one. For a deep network, whose logits are no linear function of the"
        " parameters, this holds in the logits alone."
    )
    author.theorem(prove["convex-in-the-weights"])
    author.subsection("fisher", "Fisher information and Gauss-Newton")
    author.say(
        "For labels that are drawn from the prediction itself, the expectation of the squared score is the Fisher"
        " information. For softmax it is the Hessian of cross-entropy, and so is the Gauss-Newton matrix for targets"
        " that the model expects: three matrices of optimisation that are one."
    )
    author.theorem(prove["fisher-information"])
    author.theorem(prove["gauss-newton"])
    author.theorem(prove["gauss-newton-in-expectation"])

"""Weights, label smoothing, focal loss."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    author.section("variants", "Common variants")
    _weighted(author, material)
    _smoothed(author, material)
    _focal(author, material)


def _weighted(author: Author, material: Material) -> None:
    author.subsection("weighted", "Weighted cross-entropy")
    author.say("For imbalanced data each class gets a weight $w_k$, larger for rarer classes.")
    _loss(author, material, "weighted_cross_entropy")
    author.say(
        r"The weight does not simply multiply $\bph - \mathbf{y}$: for targets that are distributions the sum of the"
        " weighted target stands where 1 stood. What a mean divides by is a choice of its own:"
    )
    author.run(material.runs["class_weights"])


def _smoothed(author: Author, material: Material) -> None:
    prove = material.theorems
    author.subsection("smoothing", "Label smoothing")
    author.say(
        r"A one-hot target asks for certainty that no data justify. Smoothing moves a part $\epsilon$ of the target's"
        r" mass from the true class to others: $\epsilon/(K-1)$ to each **other** class in many textbooks,"
        r" $\epsilon/K$ to **every** class in PyTorch."
    )
    _loss(author, material, "label_smoothing")
    author.figure(material.figures["smoothed-targets"])
    with author.note("warning", "Two conventions"):
        author.say("The same $\\epsilon$ means different targets. Each form is the other with another $\\epsilon$:")
        author.theorem(prove["others-to-uniform"])
        author.theorem(prove["uniform-to-others"])
    author.say("PyTorch's form is a mixture of cross-entropy and the mean loss of all classes.")
    author.theorem(prove["smoothing-is-a-mixture"])
    author.run(material.runs["label_smoothing"])


def _focal(author: Author, material: Material) -> None:
    author.subsection("focal", "Focal loss")
    author.say(
        r"Focal loss weighs a sample down by $(1 - \ph_c)^\gamma$ the better it is classified, so that many easy"
        r" samples do not drown a few hard ones (Lin et al. 2017). With $\gamma = 0$ it is cross-entropy."
    )
    _loss(author, material, "focal")
    author.theorem(material.theorems["focal-without-focus"])
    author.figure(material.figures["focal-family"])
    author.live(
        "live-variants",
        "The variants, side by side",
        [material.kernel(name) for name in ("focal", "label_smoothing", "weighted_cross_entropy", "poly1")],
    )
    with author.note("warning", "One alpha, or one a class"):
        author.say(
            r"The paper's $\alpha_t$ depends on the class; much code multiplies all classes by one number, which"
            r" changes the learning rate and no more. The kernel takes a number a class."
        )
    author.run(material.runs["focal"])
    author.say(
        r"Written as it stands, $(1 - p)^\gamma$ loses all digits where $p$ is near 1 and has an infinite derivative"
        r" there for $\gamma < 1$:"
    )
    author.run(material.runs["focal_near_one"])


def _loss(author: Author, material: Material, name: str) -> None:
    derivation = material.derivation(name)
    author.loss(derivation.model)
    for proof in derivation.gradient.proofs:
        author.theorem(proof, scope=name, boxed=proof is derivation.gradient.final)

"""The maximum likelihood framework."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    prove = material.theorems
    author.section("likelihood", "The maximum likelihood framework")
    author.say(
        r"We are given $N$ samples, sample $i$ with features $\mathbf{x}^{(i)}$ and a true class $c_i$ out of $K$. A"
        r" model with parameters $\boldsymbol{\theta}$ gives every class a probability,"
        r" $\hat{P}_{ik} = P(Y = k \mid \mathbf{x}^{(i)}; \boldsymbol{\theta})$. We look for the parameters that make"
        r" the labels that were observed most probable."
    )
    author.subsection("likelihood-function", "The likelihood")
    author.say(
        r"The samples are independent, so the probabilities of their labels multiply. With one-hot labels, $Y_{ik} = 1$"
        r" for $k = c_i$ and 0 elsewhere, the probability of the true class is a product of powers, all but one of"
        r" which are 1:"
    )
    author.theorem(prove["likelihood-of-one-hot"])
    author.subsection("log-likelihood-section", "The log-likelihood")
    author.say(
        "A product of many small numbers is hard to differentiate and underflows. The logarithm turns it into a sum,"
        " and it is increasing, so that whatever has the larger likelihood has the larger log-likelihood:"
    )
    author.theorem(prove["log-is-increasing"])
    author.theorem(prove["log-likelihood"])
    author.subsection("nll-section", "The negative log-likelihood")
    author.say("Losses are minimised, so the sign is turned.")
    author.theorem(prove["negative-log-likelihood"], boxed=True)

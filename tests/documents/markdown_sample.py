"""A small handout for golden files: one of each kind of block, and nothing that a version of Matplotlib changes."""

from __future__ import annotations

from functools import cache

from symce.derivation.derive import derive
from symce.documents.blocks import Handout
from symce.figures import catalogue as figures
from symce.handout.author import Author
from symce.handout.options import Options
from symce.kernel.stability import CATALOGUE
from symce.losses import catalogue
from symce.theorems import chapters


@cache
def small() -> Handout:
    author = Author(Options(title="A small handout", author="A. Teacher"))
    author.say("About [#first], [#softmax-jacobian], [#fig-gradient-flow], [#t] and [#live].")
    author.section("first", "Softmax")
    author.loss(derive(catalogue()["cross_entropy"]).model)
    author.bullets("$\\ph_k > 0$", "it adds up to *one*")
    author.bullets("compute $\\bph$", "take $\\bph - \\bpt$", numbered=True)
    (jacobian,) = [p for proofs in chapters().values() for p in proofs if p.name == "softmax-jacobian"]
    author.theorem(jacobian, boxed=True)
    author.subsection("second", "Figures and code")
    author.recall("softmax-jacobian", boxed=False)
    author.laws([CATALOGUE["complement-by-the-others"], CATALOGUE["residual-at-the-largest"]])
    author.figure(figures()["gradient-flow"])
    author.table("t", "Losses in nats", ["$\\ph_c$", "loss `x|y`"], [["0.5", "0.6931"], ["1", "$|0|$"]], numeric=[0, 1])
    author.code("lst-sum", "A script", "print(sum([1, 2]))", output="3")
    author.code("lst-part", "A part of one", "def f(z: Array) -> Array:\n    return z - logsumexp(z)")
    with author.note("warning", "Beware"):
        author.say("1. A sentence that begins like a list.")
        author.bullets("one", "two")
    with author.note("example", "Such as"):
        author.recall("softmax-jacobian")
    author.live("live", "Sliders", [])
    return author.handout("small", "", ["A. Author (2020). *A book*."], "python -m symce handout small")

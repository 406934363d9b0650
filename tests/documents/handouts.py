"""Handouts for the tests of formats: one that has every kind of block, and all that is awkward in each."""

from __future__ import annotations

from functools import cache

from symce.derivation.derive import derive
from symce.documents.blocks import Handout
from symce.handout.author import Author
from symce.handout.losses import of_losses
from symce.handout.options import Notation, Options
from symce.handout.reasons import readable
from symce.kernel.stability import CATALOGUE as STABILITY
from symce.losses import catalogue
from symce.theorems import chapters

CODE = '''def gradient(z, y):
    """π̂ − y: the derivative ∂ℒ/∂z for Σ y = 1, called `p - y` in the book's text."""
    p = np.exp(z - z.max())  # at most 1: e⁰ {not more}
    p /= p.sum()
    path = "C:\\\\new\\\\table %d & 5% #1 ~ ^ $x$"
    return p - y, {"label": 'α', "a line that no page is wide enough for": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}
'''
OUTPUT = "\n".join(f"K = {n}: ‖p − y‖∞ = {1 - 1 / n:.4f} ≤ 1" for n in range(2, 40))


@cache
def of_loss(name: str, notation: Notation = "hat-pi") -> Handout:
    return of_losses([catalogue()[name]], Options(notation=notation))


@cache
def everything(notation: Notation = "hat-pi") -> Handout:
    """A handout with every kind of block. Its title, names and texts have what LaTeX would take for its own."""
    author = Author(Options(notation=notation, title="50% of {all} & more_or_less #1: π̂ ≤ 1 ~ C:\\x"))
    author.say("Before *everything*: see [#jacobian], [#lst-code] and [#t-long].")
    derivation = derive(catalogue()["cross_entropy"])
    author.section("first", "Cross-entropy & friends: 100% of it")
    author.loss(derivation.model)
    author.say(
        'He said "so" and "thus": $\\ph_k > 0$, $\\bph$ against $\\bpt$ and $\\bqm$;'
        " `torch.nn.functional.cross_entropy(input, target, label_smoothing=0.1)` is `it's`;"
        " a [link](https://arxiv.org/abs/1708.02002#a_b%20c), 5% & #3, a_b, x^2, {}"
        " — naïve “quotes” … ∂L/∂z ≤ ∞, \\$5 and \\*."
    )
    author.bullets("one $\\pt$", "two: [#live-x], [#softmax-jacobian]", "three")
    author.bullets(*(f"step {n}: " + "a long sentence about nothing at all " * 4 for n in range(9)), numbered=True)
    author.subsection("jacobian", "The Jacobian")
    for section in derivation.sections:
        for proof in section.proofs:
            author.theorem(proof, boxed=proof is section.proofs[-1])
    author.recall("softmax-jacobian")
    author.laws([readable(rule) for rule in STABILITY.values()])
    with author.note("warning", "Beware of {this} & that_thing: 3% ≠ 4%"):
        author.say("A sentence in a box, with [#t-small] in it. " * 12)
        author.bullets("a", "b " * 120)
        author.recall("softmax-jacobian", boxed=False)
        author.table("t-small", "In a box", ["a", "b"], [["1", "$\\ph$"], ["2", "x & y"]], numeric=[0])
        author.code("lst-box", "In a box: `x`", "x = 1", output="1")
        author.say("And after it.")
    with author.note("tip", "Short"):
        author.say("Nothing more.")
    author.section("second", "Tables, code, figures")
    author.table(
        "t-long",
        "Many rows, and a caption with $\\log K$ and `code`",
        ["$K$", "what", "why so"],
        [[str(n), f"`name_{n}`", "a text that is long enough to be broken over lines, " * 2] for n in range(40)],
        numeric=[0],
    )
    author.table("t-wide", "Too wide", [f"column {n}" for n in range(14)], [[f"{n / 7:.6f}" for n in range(14)]] * 3)
    author.code("lst-code", "Unicode & specials: `π`", CODE, output=OUTPUT)
    author.code("lst-console", "On a terminal", "$ python -m symce derive focal\nwrote 3 files", language="console")
    author.code("lst-toml", "A loss", '[loss]\nname = "x"  # a comment', language="toml")
    author.code("lst-js", "JavaScript", "export const f = (x) => `${x}` + 'a'; // ≤", language="javascript")
    author.live("live-x", "Sliders", [])
    author.section("bounds", "Inequalities")
    for chapter in chapters().values():
        for proof in chapter:
            if proof.relation != "=" and proof.name not in author.items:
                author.theorem(proof)
    references = ["Lin et al. 2017, *Focal loss*, [arXiv](https://arxiv.org/abs/1708.02002)", "A & B, 5%"]
    return author.handout("everything", "", references, "python -m symce handout --title 50%")

"""The chapter on cross-entropy: one file a section, in the order of the lecture.

A section is a module with a function ``write(author, material)``; a new one is a file and its place in SECTIONS.
"""

from __future__ import annotations

from collections.abc import Callable

from symce.documents.blocks import Handout
from symce.handout.author import Author
from symce.handout.chapter import (
    batch,
    binary,
    curvature,
    divergence,
    equivalence,
    geometry,
    gradient,
    information,
    likelihood,
    numerics,
    pytorch,
    regularisation,
    scratch,
    summary,
    variants,
)
from symce.handout.checks import Checks
from symce.handout.material import Material
from symce.handout.options import Options
from symce.handout.selection import only

SECTIONS = (
    likelihood,
    information,
    equivalence,
    divergence,
    geometry,
    gradient,
    batch,
    curvature,
    binary,
    variants,
    regularisation,
    pytorch,
    scratch,
    numerics,
    summary,
)
TITLE = "Cross-Entropy Loss"
REFERENCES = (
    "T. M. Cover and J. A. Thomas (2006). *Elements of Information Theory*, chapter 2.",
    "I. Goodfellow, Y. Bengio and A. Courville (2016). *Deep Learning*, section 6.2.2.",
    "C. M. Bishop (2006). *Pattern Recognition and Machine Learning*, section 4.3.",
    "K. P. Murphy (2012). *Machine Learning: A Probabilistic Perspective*, section 8.6.",
    "T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár (2017). Focal Loss for Dense Object Detection. *ICCV*.",
    "C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna (2016). Rethinking the Inception Architecture for "
    "Computer Vision. *CVPR* (label smoothing).",
    "PyTorch documentation: "
    "[nn.CrossEntropyLoss](https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html).",
)


def chapter(options: Options, progress: Callable[[str], None] = lambda _: None) -> Handout:
    """The whole chapter, or the sections that the options name (with the numbers that they have in the whole).

    Raises HandoutError for a section that there is not, ListingError where a listing does not run.
    """
    material = Material(progress)
    author = Author(options, Checks(material.derivation))
    author.say(
        "This chapter derives, proves, draws and runs what it says about the most used loss of classification. Every"
        " formula below was computed by symce for any number of classes $K$, samples $N$ and features $D$; every step"
        " names the rule that gave it; every number in a table or figure comes from the kernels that the formulas were"
        " turned into. A program that shares no code with the one that made the proofs checks each of their steps with"
        " numbers: `python -m symce derive` writes no proof that fails, and `python -m symce check` repeats it."
        " What stands below a theorem names its certificate, by which the proof assistant Coq holds it for every size;"
        " `python -m symce check --formal` runs them."
    )
    with author.note("tip", "What you will be able to do"):
        author.bullets(
            "Derive the cross-entropy loss from maximum likelihood ([#likelihood]).",
            "Say what it measures in the language of information theory ([#information]).",
            "Prove that the negative log-likelihood and cross-entropy are the same loss ([#equivalence]).",
            "Connect the Kullback-Leibler divergence with the loss that is minimised ([#divergence]).",
            "Derive the whole gradient, with respect to logits, weights and biases ([#gradient], [#batch]).",
            r"Check $\nabla_{\mathbf{z}} \mathcal{L} = \bph - \mathbf{y}$ in PyTorch ([#pytorch]).",
        )
    for section in SECTIONS:
        section.write(author, material)
    whole = author.handout("cross-entropy", TITLE, REFERENCES, "python -m symce handout")
    return only(whole, options.sections) if options.sections else whole

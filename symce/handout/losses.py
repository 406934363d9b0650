"""A handout on chosen losses: what each is, its derivatives with their proofs, what they look like, and the kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symce.derivation.derive import Derivation, derive
from symce.documents.blocks import Handout
from symce.documents.prose import marked_words
from symce.figures import of_loss
from symce.handout.author import Author
from symce.handout.checks import Checks
from symce.handout.options import Options
from symce.handout.reasons import TITLE, Reasons
from symce.kernel.build import kernel
from symce.listings.kernels import kernel_listing
from symce.losses.loss import Loss
from symce.targets.numpy import NumpyTarget


def of_losses(losses: Sequence[Loss], options: Options, progress: Callable[[str], None] = lambda _: None) -> Handout:
    """The handout on these losses, in their order.

    Raises DerivationError or LoweringError as ``derive`` and ``kernel`` do. ``progress`` is told what is worked on.
    """
    derivations = {loss.name: derive(loss) for loss in losses}
    author = Author(options, Checks(lambda name: derivations[name]))
    author.say(
        "Every statement below was derived by symce from the loss alone, for any number of classes $K$; every step"
        " names the rule that gave it. `python -m symce check` tries each step with numbers, and `check --formal` gives"
        " the certificates that are named to the proof assistant Coq, which holds them for every size. What is drawn"
        " and listed is computed from the same closed forms."
    )
    reasons = Reasons(author)
    for loss in losses:
        progress(loss.title)
        _loss(author, derivations[loss.name], reasons)
    names = [loss.name for loss in losses]
    title = losses[0].title if len(losses) == 1 else "Losses: " + ", ".join(loss.title for loss in losses)
    references = list(dict.fromkeys(plain(loss.reference) for loss in losses if loss.reference))
    return author.handout("-".join(names), title, references, "python -m symce handout " + " ".join(names))


def _loss(author: Author, derivation: Derivation, reasons: Reasons) -> None:
    loss = derivation.loss
    author.section(loss.name, loss.title)
    if loss.doc:
        author.say(marked_words(loss.doc))
    author.loss(derivation.model)
    for section in derivation.sections:
        author.subsection(f"{loss.name}-{section.name}", section.title)
        for proof in section.proofs:
            author.theorem(proof, scope=loss.name, boxed=proof is section.proofs[-1])
    author.subsection(f"{loss.name}-figures", "What it looks like")
    built = kernel(derivation)
    for figure in of_loss(loss, built):
        author.figure(figure)
    author.live(f"live-{loss.name}", loss.title, [built])
    author.subsection(f"{loss.name}-kernel", "The kernel")
    author.say(
        "The closed forms as code: each subexpression is written so that nothing overflows and nothing cancels. The"
        " whole module is written by `python -m symce derive`."
    )
    (text,) = NumpyTarget().render(built).values()
    caption = f"{plain(loss.title)}: loss and gradient of a block of rows, in NumPy"
    author.code(f"lst-{loss.name}", caption, kernel_listing(text, "value_and_grad"))
    label = f"{loss.name}-reasons"
    author.subsection(label, TITLE)
    reasons.write(derivation, built, label)


def plain(text: str) -> str:
    """Text of a user as text of ours: what would be a mark stands for itself."""
    return "".join(rf"\{ch}" if ch in "$`*[\\" else ch for ch in text)

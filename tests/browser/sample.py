"""A small handout with every kind of block, and live figures for every kind of target."""

from __future__ import annotations

from functools import cache

from symce.derivation.derive import Derivation, derive
from symce.documents.blocks import (
    Bullets,
    Code,
    Display,
    Formula,
    Handout,
    Letters,
    Live,
    Note,
    Paragraph,
    Picture,
    Recall,
    Section,
    Statement,
    Table,
)
from symce.documents.letters import Glossary
from symce.documents.view import Item, Numbering, foundations, rules_of
from symce.figures import of_loss
from symce.kernel.build import kernel
from symce.kernel.kernel import Kernel
from symce.losses import catalogue
from symce.rules import CATALOGUE

#: one loss of each kind of target, and of each shape of a parameter
LIVE = ("focal", "poly1", "weighted_cross_entropy", "sigmoid_focal", "distillation")
CODE = '''\
def entropy(p):
    """The entropy of a distribution, in nats."""
    return -sum(x * math.log(x) for x in p if x > 0)  # 0 log 0 = 0, and this comment makes the line a long one


print(f"{entropy([0.5, 0.5]):.4f}")'''


@cache
def derivation(name: str) -> Derivation:
    return derive(catalogue()[name])


@cache
def built(name: str) -> Kernel:
    return kernel(derivation(name))


@cache
def sample(loss: str = "cross_entropy") -> Handout:
    """The handout on one loss, with the live figures of LIVE."""
    derived = derivation(loss)
    numbering, glossary = Numbering(), Glossary(derived.model)
    first = derived.sections[0].proofs
    based = foundations(first)
    meanings = glossary.introduce((*based, *first))
    items = [numbering.item(p) for p in based]
    items += [numbering.item(p, scope=loss, boxed=p is first[-1]) for p in first]
    rest = [numbering.item(p, scope=loss) for s in derived.sections[1:] for p in s.proofs]
    named = derived.model.named
    bound = next(rule for rule in CATALOGUE.values() if rule.relation != "=")
    return Handout(
        name="sample",
        title="The gradient of one loss & <all> its steps",
        author="Ada Lovelace",
        abstract=(Paragraph("What $\\ph_c$ has to do with it: see [#gradient], [#fig-x] and [#far]."),),
        sections=(
            Section("1", "start", "What is given", 1, (Display(named.label, named.definition), Letters(meanings))),
            Section("1.1", "gradient", "The gradient", 2, (*_statements(items), *_boxes(items[-1]))),
            Section("2", "second", "Second derivatives, and the rest", 1, _statements(rest, unfolded=False)),
            Section("3", "seen", "Seen and computed", 1, _shown(loss)),
        ),
        rules=tuple(dict.fromkeys((*rules_of((*items, *rest)), bound))),
        references=("Lin et al. 2017, [Focal Loss](https://arxiv.org/abs/1708.02002).",),
        symbols={},
        elsewhere={"far": "Section 9"},
    )


def _statements(items: list[Item], *, unfolded: bool = True) -> tuple[Statement, ...]:
    return tuple(Statement(item, unfolded) for item in items)


def _boxes(last: Item) -> tuple[Recall | Note | Formula, ...]:
    inner = (Paragraph("Mind `log(0)`: *exact*, **never** clamped."), Bullets(("first $z_k$", "second"), numbered=True))
    return (
        Recall(last),
        Note("warning", "Where it fails", inner),
        Note("tip", "A hint", (Paragraph("In one line."),)),
        Formula(r"\bph", (r"\operatorname{softmax}(\mathbf{z})", r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}")),
    )


def _shown(loss: str) -> tuple[Paragraph | Picture | Table | Code | Live, ...]:
    rows = tuple((f"${x}$", text) for x, text in (("0.01", "4.605"), ("0.5", "0.693")))
    lives = [Live(1, "live-all", "Every kind of target", tuple(built(name) for name in LIVE))]
    lives.append(Live(2, "live-ce", "Cross-entropy", (built("cross_entropy"),)))
    return (
        Paragraph(
            "A long formula in running text, $\\mathcal{L} = -\\sum_{k} y_k \\log \\ph_k = -\\log \\ph_c = 0.464$."
        ),
        Picture(1, "fig-x", of_loss(catalogue()[loss])[0]),
        Table(1, "tab-x", "Loss at $\\ph_c$", ("$\\ph_c$", "loss"), rows, (0, 1)),
        Code(1, "lst-x", "Entropy", "python", CODE, "0.6931"),
        *lives,
    )

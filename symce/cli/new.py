"""``new``: a commented starter file for a loss of one's own, which derives and verifies as it stands."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from symce.cli.arguments import AsJson
from symce.cli.errors import CannotRun
from symce.cli.folders import shown
from symce.cli.install import install
from symce.cli.output import say, say_json
from symce.language.declaration import DOMAINS
from symce.language.tree import FUNCTIONS
from symce.losses import Loss, catalogue
from symce.losses.loss import Domain
from symce.render import render


class Kind(StrEnum):
    """The kinds of target, in the order in which the starter explains them."""

    INDEX = "index"
    DISTRIBUTION = "distribution"
    WEIGHTS = "weights"
    MULTILABEL = "multilabel"
    NONE = "none"


@dataclass(frozen=True)
class Sample:
    """What a starter states: a value in the one parameter {param}, and that in words; the gradient that it has."""

    value: str
    reading: str
    expected: str
    domain: Domain
    default: float
    doc: str

    def naming(self, param: str) -> Sample:
        """The same sample with the parameter under a name."""
        value, reading, expected = (t.format(param=param) for t in (self.value, self.reading, self.expected))
        return replace(self, value=value, reading=reading, expected=expected)


KINDS = {
    Kind.INDEX: "c is the true class: p[c]",
    Kind.DISTRIBUTION: "y[k] is the target's share of class k; the y[k] of a sample sum to one",
    Kind.WEIGHTS: "y[k] is any number a class; the sum may be anything",
    Kind.MULTILABEL: "y[k] in [0, 1] is a yes or no to class k alone; s[k] is the sigmoid of z[k]",
    Kind.NONE: "no target: an entropy, a penalty",
}
SAMPLES = {
    Kind.INDEX: Sample(
        "-log(p[c]) + {param}*(1 - p[c])",
        "cross-entropy plus {param} times the probability of a mistake",
        "(1 + {param}*p[c])*(p[j] - where(j == c, 1, 0))",
        "real",
        1.0,
        "weight of a mistake",
    ),
    Kind.DISTRIBUTION: Sample(
        "-Sum(y[k]*log(p[k]), k) + {param}*Sum(p[k]*log(p[k]), k)",
        "cross-entropy less {param} times the entropy of the prediction",
        "p[j] - y[j] + {param}*p[j]*(log(p[j]) - Sum(p[k]*log(p[k]), k))",
        "nonnegative",
        0.1,
        "weight of the entropy",
    ),
    Kind.WEIGHTS: Sample(
        "-Sum(y[k]*log(p[k]), k) + {param}*logsumexp(z[k], k)**2",
        "cross-entropy plus {param} times the squared log of the softmax's denominator",
        "p[j]*Sum(y[k], k) - y[j] + 2*{param}*logsumexp(z[k], k)*p[j]",
        "nonnegative",
        0.001,
        "weight of the penalty",
    ),
    Kind.MULTILABEL: Sample(
        "-Sum({param}*y[k]*log(s[k]) + (1 - y[k])*log(1 - s[k]), k)",
        "binary cross-entropy of each class, a yes counting {param} times",
        "(1 - y[j])*s[j] - {param}*y[j]*(1 - s[j])",
        "positive",
        2.0,
        "weight of a yes",
    ),
    Kind.NONE: Sample(
        "{param}*Sum(p[k]*log(p[k]), k)",
        "{param} times the negative entropy of the prediction",
        "{param}*p[j]*(log(p[j]) - Sum(p[k]*log(p[k]), k))",
        "nonnegative",
        1.0,
        "weight of the entropy",
    ),
}


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the loss is called, such as my_loss.")],
    target: Annotated[Kind, typer.Option("--target", help="What the loss is compared with.")] = Kind.INDEX,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file to write.  [default: NAME.toml, here]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")] = False,
    as_json: AsJson = False,
) -> int:
    """Write a commented file that states a loss of your own.

    It derives and verifies as it stands; its comments say what each line means and what else it may be.
    """
    path = Path(f"{name}.toml") if out is None else out
    check_name(name)
    if path.suffix != ".toml":
        raise CannotRun(f"{path}: a loss of your own is a file NAME.toml", "Give --out a name that ends in .toml.")
    if not str(path).isprintable():
        raise CannotRun(f"{str(path)!a}: the name holds a character that cannot be printed", "Choose another one.")
    if path.is_dir():
        raise CannotRun(f"{path}: is a folder", f"Name the file as well: --out {shlex.quote(str(path / name))}.toml")
    if path.exists() and not force:
        raise CannotRun(f"{path}: is there already, and is left as it is", "Overwrite it with --force.")
    install(path.parent, {path.name: starter(name, target, path)})
    show, derive = commands(path)
    if as_json:
        say_json({"command": "new", "ok": True, "file": str(path), "target": str(target), "next": [show, derive]})
        return 0
    say(f"wrote {shown(path)}, which says what each of its lines means", "green")
    say(f"next: {show}")
    say(f"then: {derive}")
    return 0


def check_name(name: str) -> None:
    """Raise LossError where the name is none for a loss, CannotRun where a loss of symce has it."""
    # declared as Python would: the language's own rules judge the name before it is part of any text
    Loss(name, "Title", "none", "Sum(p[k]**2, k)")
    if name in catalogue():
        raise CannotRun(f"a loss named {name!r} comes with symce", f"Choose another name, such as my_{name}.")


def starter(name: str, target: Kind, path: Path) -> str:
    """The text of a starter file for a name that ``check_name`` lets pass; ``path`` is where it will lie."""
    param = "gamma" if name != "gamma" else "alpha"
    sample = SAMPLES[target].naming(param)
    show, derive = commands(path)
    width = max(len(show), len(derive))
    return render(
        "new/loss.toml.jinja",
        name=name,
        title=name.replace("_", " ").strip().capitalize(),
        target=str(target),
        kinds=[(str(kind), words) for kind, words in KINDS.items()],
        width=max(map(len, KINDS)),
        show=show.ljust(width),
        derive=derive.ljust(width),
        functions=" ".join(FUNCTIONS),
        domains=", ".join(DOMAINS),
        value=sample.value,
        reading=sample.reading,
        expected=sample.expected,
        param=param,
        default=sample.default,
        domain=sample.domain,
        doc=sample.doc,
    )


def commands(path: Path) -> tuple[str, str]:
    """What to run next with a starter file: to show its derivation, and to derive it."""
    file = shlex.quote(str(path))
    return f"python -m symce show {file}", f"python -m symce derive {file}"

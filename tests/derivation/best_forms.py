"""The shortest closed forms known of the catalogue's losses, by hand, in the language of losses; how long a form is.

c, j and l are the true class, the logit of the gradient and that of the Hessian-vector product; v is its vector.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Add, Basic, Expr, Indexed, KroneckerDelta, Mul, Pow, S
from sympy.core.relational import Relational

from symce.algebra.binders import Binder
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import j
from symce.algebra.walk import unfold
from symce.derivation.model import Model, model, read
from symce.derivation.second import l, v
from symce.language.errors import Source
from symce.language.reader import Parser
from symce.losses import Loss

HOT = "where({0} == c, 1, 0)"
MEAN = "Sum(p[k]*v[k], k)"  # of v under p
_LEVEL = "Sum(p[k]*log(p[k]), k)"  # minus the entropy
_BRIER = "Sum(p[k]*(p[k] - y[k]), k)"
_DIVERGENCE = "Sum(p[k]*log(p[k]/y[k]), k)"
_RIGHT = "Sum(y[k]*p[k], k)"
_LSE = "logsumexp(z[k], k)"
_PLAIN = f"p[l]*(v[l] - {MEAN})"

GRADIENT = {
    "bce_with_logits": "s[j] - y[j]",
    "brier": f"2*p[j]*(p[j] - y[j] - {_BRIER})",
    "confidence_penalty": f"p[j]*(1 + beta*(log(p[j]) - {_LEVEL})) - y[j]",
    "cross_entropy": "p[j] - y[j]",
    "distillation": "T*(p[j] - exp(t[j]/T - logsumexp(t[k]/T, k)))",
    "focal": f"alpha[c]*(1 - p[c])**(gamma - 1)*(1 - p[c] - gamma*p[c]*log(p[c]))*(p[j] - {HOT.format('j')})",
    "generalised_cross_entropy": f"p[c]**r*(p[j] - {HOT.format('j')})",
    "info_nce": f"(p[j] - {HOT.format('j')})/T",
    "kl_softmax_target": f"p[j]*(log(p[j]/y[j]) - {_DIVERGENCE})",
    "kl_target_softmax": "p[j] - y[j]",
    "label_smoothing": "p[j] - where(j == c, 1 - eps, eps/(K - 1))",
    "label_smoothing_uniform": f"p[j] - (1 - eps)*{HOT.format('j')} - eps/K",
    "nll_loss": f"-{HOT.format('j')}",
    "poly1": f"p[j]*(1 + eps*({_RIGHT} - y[j])) - y[j]",
    "sigmoid_focal": (
        "beta*(1 - y[j])*s[j]**gamma*(s[j] - gamma*(1 - s[j])*log(1 - s[j]))"
        " - alpha*y[j]*(1 - s[j])**gamma*(1 - s[j] - gamma*s[j]*log(s[j]))"
    ),
    "soft_capped_cross_entropy": "(1 - tanh(z[j]/cap)**2)*(p[j] - y[j])",
    "softmax_entropy": f"-p[j]*(log(p[j]) - {_LEVEL})",
    "temperature_cross_entropy": "(p[j] - y[j])/T",
    "weighted_cross_entropy": "p[j]*Sum(w[k]*y[k], k) - w[j]*y[j]",
    "z_loss": f"p[j]*(1 + 2*tau*{_LSE}) - y[j]",
}

#: nll_loss has none: its Hessian is 0
HVP = {
    "bce_with_logits": "s[l]*(1 - s[l])*v[l]",
    "brier": (
        f"2*p[l]*((v[l] - {MEAN})*(2*p[l] - y[l] - {_BRIER}) - Sum(p[k]*(v[k] - {MEAN})*(2*p[k] - y[k]), k))".replace(
            MEAN, "Sum(p[m]*v[m], m)"
        )
    ),
    "confidence_penalty": (
        f"p[l]*((v[l] - {MEAN})*(1 + beta*(1 + log(p[l]) - {_LEVEL}))"
        f" - beta*(Sum(p[k]*v[k]*log(p[k]), k) - {MEAN}*{_LEVEL}))"
    ),
    "cross_entropy": _PLAIN,
    "distillation": _PLAIN,
    "focal": (
        "alpha[c]*(1 - p[c])**(gamma - 2)*("
        f"(1 - p[c])*(1 - p[c] - gamma*p[c]*log(p[c]))*p[l]*(v[l] - {MEAN})"
        f" + gamma*p[c]*((gamma*p[c] - 1)*log(p[c]) - 2 + 2*p[c])*(v[c] - {MEAN})*(p[l] - {HOT.format('l')}))"
    ),
    "generalised_cross_entropy": f"p[c]**r*(p[l]*(v[l] - {MEAN}) + r*(v[c] - {MEAN})*(p[l] - {HOT.format('l')}))",
    "info_nce": f"{_PLAIN}/T**2",
    "kl_softmax_target": (
        f"p[l]*((v[l] - {MEAN})*(1 + log(p[l]/y[l]) - {_DIVERGENCE})"
        f" - Sum(p[k]*v[k]*log(p[k]/y[k]), k) + {MEAN}*{_DIVERGENCE})"
    ),
    "kl_target_softmax": _PLAIN,
    "label_smoothing": _PLAIN,
    "label_smoothing_uniform": _PLAIN,
    "poly1": f"p[l]*((v[l] - {MEAN})*(1 + eps*({_RIGHT} - y[l])) + eps*(Sum(y[k]*p[k]*v[k], k) - {MEAN}*{_RIGHT}))",
    "sigmoid_focal": (
        "v[l]*(alpha*y[l]*s[l]*(1 - s[l])**gamma"
        "*(gamma*(1 - s[l] - gamma*s[l])*log(s[l]) + (1 + 2*gamma)*(1 - s[l]))"
        " + beta*(1 - y[l])*(1 - s[l])*s[l]**gamma"
        "*(gamma*((s[l] + gamma*s[l] - gamma)*log(1 - s[l]) + 2*s[l]) + s[l]))"
    ),
    "soft_capped_cross_entropy": (
        "(1 - tanh(z[l]/cap)**2)*(p[l]*((1 - tanh(z[l]/cap)**2)*v[l] - Sum(p[k]*(1 - tanh(z[k]/cap)**2)*v[k], k))"
        " - 2*tanh(z[l]/cap)*v[l]*(p[l] - y[l])/cap)"
    ),
    "softmax_entropy": (
        f"p[l]*(Sum(p[k]*v[k]*log(p[k]), k) - {MEAN}*{_LEVEL} - (v[l] - {MEAN})*(1 + log(p[l]) - {_LEVEL}))"
    ),
    "temperature_cross_entropy": f"{_PLAIN}/T**2",
    "weighted_cross_entropy": f"{_PLAIN}*Sum(w[k]*y[k], k)",
    "z_loss": f"p[l]*(2*tau*((v[l] - {MEAN})*{_LSE} + {MEAN}) + v[l] - {MEAN})",
}


def gradient_form(loss: Loss) -> Expr:
    """The best form known of dL/dz[j], read by the loss's own parser."""
    stated = replace(loss, expected=GRADIENT[loss.name])
    tree = stated.expectation
    assert tree is not None
    return read(model(loss), tree, {"j": j})


def hvp_form(loss: Loss) -> Expr:
    """The best form known of (H v)[l], in the letters of the loss and v."""
    letters: Model = model(loss)
    vectors = {"z", "p", "s", "y", "v", *(p.name for p in loss.params if p.shape)}
    scalars = frozenset(p.name for p in loss.params if not p.shape)
    free = frozenset({"l", "c"} if loss.target == "index" else {"l"})
    source = Source(f"<best form of {loss.name}>", "hvp", HVP[loss.name])
    tree = Parser(source, dict.fromkeys(sorted(vectors)), scalars, free).parse()
    return read(replace(letters, parameters={**letters.parameters, "v": v}), tree, {"l": l})


def operations(form: Expr) -> int:
    """The operations of a form: additions, multiplications, divisions, powers, functions, and sums over the classes.

    p_j, s_j and other entries are at hand and cost nothing; what a sum costs is paid where it stands first. A name
    costs what it stands for. Subtraction is an addition; a sign in front of everything is one operation.
    """
    return _count(unfold(form), set())


def _count(node: Basic, paid: set[Basic]) -> int:
    if isinstance(node, Binder):
        if node in paid:
            return 0
        paid.add(node)
        return 1 + _count(node.args[0], paid)
    if not node.args or isinstance(node, Indexed | Softmax | KroneckerDelta):
        return 0
    if isinstance(node, Sigmoid) and isinstance(node.args[0], Indexed):
        return 0
    if isinstance(node, Relational):
        return 1 + sum(_count(a, paid) for a in node.args)
    inside = sum(_count(a, paid) for a in _operands(node))
    if isinstance(node, Add):
        # minus between terms is the operation that plus is; where every term has it, one stands in front
        signs = sum(_signed(t) for t in node.args)
        return inside + len(node.args) - 1 - signs + (signs == len(node.args))
    if isinstance(node, Mul):
        # x/y is one operation on x and y
        factors = [f for f in node.args if f is not S.NegativeOne]
        return inside + len(factors) - 1 + all(map(_is_inverse, factors)) + _signed(node)
    return inside + 1


def _operands(node: Basic) -> list[Basic]:
    """What an operation is applied to: of a division by y, y rather than 1/y."""
    if _is_inverse(node):
        return [node.args[0]]
    if isinstance(node, Mul):
        return [f.args[0] if _is_inverse(f) else f for f in node.args]
    return list(node.args)


def _is_inverse(node: Basic) -> bool:
    return isinstance(node, Pow) and node.exp is S.NegativeOne


def _signed(term: Basic) -> bool:
    return isinstance(term, Mul) and S.NegativeOne in term.args

"""What the language says: the tree of each construct, and statements of every kind of target."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from fractions import Fraction

import pytest
from language.statements import loss

from symce.language import tree as T
from symce.losses import catalogue
from symce.losses.loss import Loss, Param

ONE = T.Number(Fraction(1))
P_C = T.Item("p", "c")

TREES = {
    "p[c]": P_C,
    "1 - p[c]": T.Apply("sub", (ONE, P_C)),
    "-p[c]**2": T.Apply("neg", (T.Apply("pow", (P_C, T.Number(Fraction(2)))),)),
    "+p[c]": P_C,
    "p[c]/K": T.Apply("div", (P_C, T.Scalar("K"))),
    "p[c]*1e-3": T.Apply("mul", (P_C, T.Number(Fraction(1, 1000)))),
    "p[c] + .5": T.Apply("add", (P_C, T.Number(Fraction(1, 2)))),
    "1.*p[c]": T.Apply("mul", (ONE, P_C)),
    "log(p[c])": T.Apply("log", (P_C,)),
    "min(p[c], z[c], K)": T.Apply("min", (P_C, T.Item("z", "c"), T.Scalar("K"))),
    "softplus(tanh(z[c]))": T.Apply("softplus", (T.Apply("tanh", (T.Item("z", "c"),)),)),
    "sqrt(abs(sigmoid(exp(p[c]))))": T.Apply(
        "sqrt", (T.Apply("abs", (T.Apply("sigmoid", (T.Apply("exp", (P_C,)),)),)),)
    ),
    "Sum(p[k]**2, k)": T.Sum(T.Apply("pow", (T.Item("p", "k"), T.Number(Fraction(2)))), "k"),
    "logsumexp(z[m], m)": T.LogSumExp(T.Item("z", "m"), "m"),
    "Sum(Sum(p[k]*p[l], l), k)": T.Sum(T.Sum(T.Apply("mul", (T.Item("p", "k"), T.Item("p", "l"))), "l"), "k"),
    "Sum(where(k == c, z[k], 0), k)": T.Sum(
        T.Where(T.IndexEqual("k", "c"), T.Item("z", "k"), T.Number(Fraction(0))), "k"
    ),
    "Sum(where(c != k, z[k], 0), k)": T.Sum(
        T.Where(T.IndexEqual("c", "k", negated=True), T.Item("z", "k"), T.Number(Fraction(0))), "k"
    ),
    "where(p[c] <= 0.5, z[c], p[c])": T.Where(T.Compare("le", P_C, T.Number(Fraction(1, 2))), T.Item("z", "c"), P_C),
    "w[c]*p[c]**gamma": T.Apply("mul", (T.Item("w", "c"), T.Apply("pow", (P_C, T.Scalar("gamma"))))),
    "Sum(t[k]*p[k], k)": T.Sum(T.Apply("mul", (T.Item("t", "k"), T.Item("p", "k"))), "k"),
    "\n  p[c]\n  + 1\n": T.Apply("add", (P_C, ONE)),
}


@pytest.mark.parametrize("text", TREES)
def test_tree(text: str) -> None:
    assert loss(text).statement == TREES[text]


@pytest.mark.parametrize(
    ("value", "target", "items"),
    [
        ("-Sum(y[k]*log(p[k]), k)", "distribution", "yk pk"),
        ("Sum(y[k]*(z[k] - logsumexp(z[l], l))**2, k)", "weights", "yk zk zl"),
        ("Sum(softplus(z[k]) - y[k]*z[k], k) + 0.1*Sum(s[m]**2, m)", "multilabel", "zk yk zk sm"),
        ("Sum(p[k]*log(p[k]), k)*logsumexp(z[l], l)", "none", "pk pk zl"),
        # the same name is bound in two sums beside each other: no shadowing
        ("Sum(p[k], k)*Sum(z[k], k)", "none", "pk zk"),
        ("where(p[c] < eps, z[c], Sum(w[k]*p[k], k))", "index", "pc zc wk pk"),
    ],
)
def test_targets(value: str, target: str, items: str) -> None:
    """Statements of each kind of target, and the entries in them from left to right."""
    assert [i.base + i.index for i in _items(loss(value, target).statement)] == items.split()


def _items(tree: T.Tree | T.Compare | T.IndexEqual) -> list[T.Item]:
    match tree:
        case T.Item():
            return [tree]
        case T.Apply():
            parts: tuple[T.Tree | T.Compare | T.IndexEqual, ...] = tree.args
        case T.Sum() | T.LogSumExp():
            parts = (tree.body,)
        case T.Where():
            parts = (tree.condition, tree.then, tree.otherwise)
        case T.Compare():
            parts = (tree.left, tree.right)
        case _:
            parts = ()
    return [item for part in parts for item in _items(part)]


@pytest.mark.parametrize("logits", ["z[k]/T", "z[k] + eps*log(w[k])", "T*tanh(z[k]/T)", "z[k] - t[k]/K", "abs(z[k])"])
def test_inner_maps(logits: str) -> None:
    stated = loss("-log(p[c])", logits=logits)
    assert stated.inner_map != T.Item("z", "k")


def test_long_chains_are_not_deep() -> None:
    stated = loss(" + ".join(["p[c]"] * 150))
    depth, tree = 0, stated.statement
    while isinstance(tree, T.Apply):
        depth, tree = depth + 1, tree.args[0]
    assert depth == 149


def test_numbers_are_exact() -> None:
    tree = loss("0.1234567890123456789*z[c] + 1e-30").statement
    assert tree.args[0].args[0] == T.Number(Fraction(1234567890123456789, 10**19))
    assert tree.args[1] == T.Number(Fraction(1, 10**30))


def test_a_loss_is_a_value() -> None:
    """Equality and hash are those of what is declared; where it stands and what it expects are no part of that."""
    a = Loss("sample", "A sample", "index", "-gamma*log(p[c])", (Param("gamma", default=2.0),))
    b = dataclasses.replace(a, expected="gamma*(p[j] - where(j == c, 1, 0))", source_file="elsewhere.toml")
    assert a == b
    assert hash(a) == hash(b)
    assert a != dataclasses.replace(a, value="-2*gamma*log(p[c])")
    assert a != dataclasses.replace(a, params=(Param("gamma", default=1.0),))
    assert pickle.loads(pickle.dumps(a)) == copy.deepcopy(a) == a
    with pytest.raises(dataclasses.FrozenInstanceError):
        a.value = "p[c]"  # type: ignore[misc]


def test_catalogue_is_in_the_language() -> None:
    for name, stated in catalogue().items():
        assert name == stated.name
        assert stated.statement is stated.statement  # parsed once

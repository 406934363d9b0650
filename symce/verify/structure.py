"""What can be read off a statement's syntax tree: where it has kinks, whether it is one term a class."""

from __future__ import annotations

from collections.abc import Iterator

from symce.language import tree as T
from symce.losses.loss import Loss


def subtrees(tree: T.Tree) -> Iterator[T.Tree]:
    """The tree and all trees below it, top down."""
    yield tree
    for child in _children(tree):
        yield from subtrees(child)


def _children(tree: T.Tree) -> tuple[T.Tree, ...]:
    match tree:
        case T.Apply():
            return tree.args
        case T.Sum() | T.LogSumExp():
            return (tree.body,)
        case T.Where():
            compared = (tree.condition.left, tree.condition.right) if isinstance(tree.condition, T.Compare) else ()
            return (*compared, tree.then, tree.otherwise)
    return ()


def has_kinks(loss: Loss) -> bool:
    """Whether the loss is differentiable only almost everywhere: abs, min, max, or a comparison of numbers."""
    for tree in (*subtrees(loss.statement), *subtrees(loss.inner_map)):
        if isinstance(tree, T.Apply) and tree.function in ("abs", "min", "max"):
            return True
        if isinstance(tree, T.Where) and isinstance(tree.condition, T.Compare):
            return True
    return False


def is_plain(loss: Loss) -> bool:
    """Whether the loss is written in the softmax or sigmoid of z itself: no inner map, and no logit by itself."""
    bare = any(isinstance(t, T.Item) and t.base == "z" for t in subtrees(loss.statement))
    return isinstance(loss.inner_map, T.Item) and loss.inner_map.base == "z" and not bare


def more_than_a_scale(loss: Loss) -> bool:
    """Whether the inner map is more than a logit times numbers: it then rounds what softmax is taken of."""

    def scaled(tree: T.Tree) -> bool:
        match tree:
            case T.Item(base):
                return base == "z"
            case T.Apply("mul", (a, b)):
                return (scaled(a) and not _varies(b)) or (scaled(b) and not _varies(a))
            case T.Apply("div", (a, b)):
                return scaled(a) and not _varies(b)
        return False

    return not scaled(loss.inner_map)


def _varies(tree: T.Tree) -> bool:
    return any(isinstance(t, T.Item) for t in subtrees(tree))


def terms(tree: T.Tree) -> T.Tree | None:
    """A sum of one term a class as that term, with the index ``FREE`` free; None if the tree has no such form.

    A term holds nothing of other classes: no sum, and no p, whose denominator is one. The tree may be a combination of
    sums: their terms are combined alike, class by class.
    """
    match tree:
        case T.Sum(body, index):
            coupled = any(
                isinstance(t, T.Sum | T.LogSumExp) or (isinstance(t, T.Item) and t.base == "p") for t in subtrees(body)
            )
            return None if coupled else renamed(body, index)
        case T.Apply("neg", (a,)):
            inner = terms(a)
            return None if inner is None else T.Apply("neg", (inner,))
        case T.Apply("add" | "sub", (a, b)):
            left, right = terms(a), terms(b)
            return None if left is None or right is None else T.Apply(tree.function, (left, right))
        case T.Apply("mul", (a, b)):
            if _is_number(a):
                right = terms(b)
                return None if right is None else T.Apply("mul", (a, right))
            left = terms(a) if _is_number(b) else None
            return None if left is None else T.Apply("mul", (left, b))
        case T.Apply("div", (a, b)):
            left = terms(a) if _is_number(b) else None
            return None if left is None else T.Apply("div", (left, b))
    return None


def complement(tree: T.Tree) -> T.Item | None:
    """The entry of p or s that a tree ``1 - p[k]`` is the complement of."""
    match tree:
        case T.Apply("sub", (T.Number(one), T.Item("p" | "s") as item)) if one == 1:
            return item
    return None


def inner_index(loss: Loss) -> str:
    """The index that the inner map of a loss is written in."""
    return next((t.index for t in subtrees(loss.inner_map) if isinstance(t, T.Item)), "k")


#: The index that ``terms`` leaves free; no index of a statement can be called so.
FREE = "?"


def renamed(tree: T.Tree, index: str) -> T.Tree:
    """The tree, without sums in it, with an index renamed to FREE."""

    def name(i: str) -> str:
        return FREE if i == index else i

    match tree:
        case T.Item(base, i):
            return T.Item(base, name(i))
        case T.Apply(function, args):
            return T.Apply(function, tuple(renamed(a, index) for a in args))
        case T.Where(condition, then, otherwise):
            if isinstance(condition, T.IndexEqual):
                test: T.IndexEqual | T.Compare = T.IndexEqual(
                    name(condition.left), name(condition.right), condition.negated
                )
            else:
                test = T.Compare(condition.relation, renamed(condition.left, index), renamed(condition.right, index))
            return T.Where(test, renamed(then, index), renamed(otherwise, index))
    return tree


def _is_number(tree: T.Tree) -> bool:
    """Whether a tree is the same for every class and sample."""
    return not any(isinstance(t, T.Item | T.Sum | T.LogSumExp) for t in subtrees(tree))

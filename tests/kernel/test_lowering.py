"""Closed forms become passes over a row, each quantity in its stable form; what would need K x K is refused."""

from fractions import Fraction

import pytest
from sympy import Abs, IndexedBase, KroneckerDelta, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex, c, j
from symce.derivation.derive import derive
from symce.derivation.model import y, z
from symce.kernel import ir
from symce.kernel.build import is_linear_in_target, kernel, source_hash
from symce.kernel.lower import Lowering
from symce.kernel.scope import LoweringError
from symce.losses import catalogue

k, l = ClassIndex("k"), ClassIndex("l")  # noqa: E741
gamma = Symbol("gamma", nonnegative=True)
P_C, P_J = Softmax(z, c), Softmax(z, j)


def lowering():
    inputs = {
        z: ir.Input("logits", "row"),
        IndexedBase("c"): ir.Input("target", "batch", "index"),
        y: ir.Input("y", "row"),
    }
    return Lowering(inputs, {gamma: ir.Input("gamma", "scalar")})


def show(node, lets):
    """A node as text, with lets by name."""
    match node:
        case ir.Input() | ir.Var():
            return node.name
        case ir.Const():
            return str(node.value)
        case ir.Size():
            return "K"
        case ir.Map():
            return f"{node.op}({', '.join(show(a, lets) for a in node.args)})"
        case ir.Reduce():
            return f"{node.op}[{show(node.body, lets)}]"
        case ir.Gather():
            return f"{show(node.source, lets)}@{show(node.index, lets)}"
        case ir.OneHot():
            return f"hot({show(node.index, lets)})"


@pytest.mark.parametrize(
    ("expr", "row", "text"),
    [
        (log(P_C), None, "log_p_c"),
        (1 - P_C, None, "q_c"),
        (P_C - 1, None, "neg(q_c)"),
        (1 - P_J, j, "q"),
        (1 - P_C - gamma * P_C * log(P_C), None, "sub(q_c, div(product(mul(gamma, scaled@target), log_p_c), mass))"),
        (P_J - KroneckerDelta(c, j), j, "where(hot(target), neg(q_c), p)"),
        (log(Sigmoid(z[j])), j, "neg(softplus(neg(logits)))"),
        (log(1 - Sigmoid(z[j])), j, "neg(softplus(logits))"),
        (1 - Sigmoid(z[j]), j, "sigmoid(neg(logits))"),
        (y[j] * log(P_J), j, "product(y, log_p)"),
        (log(y[j] / P_J), j, "sub(log(y), log_p)"),
        (gamma * KroneckerDelta(c, j) * P_J, j, "where(hot(target), div(mul(gamma, scaled@target), mass), 0)"),
        (z[c] / 3, None, "div(logits@target, 3)"),
    ],
)
def test_the_stable_form_is_chosen(expr, row, text):
    low = lowering()
    assert show(low.lower(expr, row), low.lets) == text


def test_no_negative_power_of_what_may_round_to_zero_is_left():
    low = lowering()
    node = low.derivative((1 - P_C) ** (gamma - 1) * (P_J - KroneckerDelta(c, j)), j)
    assert show(node, low.lets) == "where(hot(target), neg(pow(q_c, gamma)), mul(pow(q_c, gamma), share))"
    with pytest.raises(LoweringError, match="may be negative"):
        lowering().derivative((1 - P_C) ** (gamma - 1) * P_J, j)


def test_no_logarithm_of_a_softmax_or_of_a_difference_is_taken():
    for loss in catalogue().values():
        for program in kernel(derive(loss)).programs.values():
            nodes = [n for let in program.lets for n in ir.walk(let.value)]
            nodes += [n for out in program.outputs.values() for n in ir.walk(out)]
            names = {let.name: let for let in program.lets}
            for node in nodes:
                if isinstance(node, ir.Map) and node.op == "log":
                    inside = {n.name for n in ir.walk(node) if isinstance(n, ir.Var)}
                    assert not inside & {"p", "p_c", "q", "q_c", "scaled", "mass"}, (loss.name, names)


def test_every_value_has_one_of_four_shapes_and_is_defined_before_use():
    for loss in catalogue().values():
        for form, program in kernel(derive(loss)).programs.items():
            known = {i.name for i in program.inputs}
            for let in program.lets:
                used = {n.name for n in ir.walk(let.value) if isinstance(n, ir.Var | ir.Input)}
                assert used <= known, (loss.name, form, let.name)
                known.add(let.name)
                assert let.value.shape in ir.ORDER
            assert program.outputs["gradient"].shape in ("row", "batch", "scalar")
            assert program.outputs["value"].shape in ("batch", "row")


def test_a_pair_of_classes_is_refused_with_the_remedy():
    pairs = FiniteSum(FiniteSum(y[k] * Abs(z[k] - z[l]), k), l)
    with pytest.raises(LoweringError, match=r"K x K.*product of sums"):
        lowering().lower(pairs, None)


def test_a_pair_that_is_a_product_of_sums_is_computed_as_one():
    """sum_kl y_k (z_k - z_l)^2 takes three sums over k and three over l, and no pair."""
    low = lowering()
    low.lower(FiniteSum(FiniteSum(y[k] * (z[k] - z[l]) ** 2, k), l), None)
    assert all(let.value.shape in ("batch", "scalar") for let in low.lets)


def test_an_unknown_letter_is_refused():
    with pytest.raises(LoweringError, match="no input holds"):
        lowering().lower(Symbol("unknown"), None)


def test_an_only_program_drops_what_its_output_does_not_need():
    program = kernel(derive(catalogue()["cross_entropy"])).programs["index"]
    value = program.only("value")
    assert {let.name for let in value.lets} < {let.name for let in program.lets}
    assert "v" not in {i.name for i in value.inputs}


def test_linear_in_target():
    assert is_linear_in_target(-FiniteSum(y[k] * log(Softmax(z, k)), k))
    assert not is_linear_in_target(FiniteSum(y[k] * log(y[k]), k))
    assert not is_linear_in_target(FiniteSum((y[k] - Softmax(z, k)) ** 2, k))
    assert not is_linear_in_target(1 + FiniteSum(y[k] * z[k], k))
    assert not is_linear_in_target(log(Softmax(z, c)))


def test_the_forms_of_target_follow_from_the_statement():
    kernels = {n: kernel(derive(loss)) for n, loss in catalogue().items()}
    assert list(kernels["cross_entropy"].programs) == ["index", "dense"]
    assert list(kernels["kl_target_softmax"].programs) == ["dense"]
    assert list(kernels["focal"].programs) == ["index"]
    assert list(kernels["softmax_entropy"].programs) == ["none"]
    assert kernels["bce_with_logits"].elementwise
    assert not kernels["cross_entropy"].elementwise


def test_a_hash_tells_what_a_file_came_from():
    losses = catalogue()
    hashes = {source_hash(loss) for loss in losses.values()}
    assert len(hashes) == len(losses)
    assert all(len(h) == 64 for h in hashes)
    assert source_hash(losses["focal"]) == kernel(derive(losses["focal"])).source_hash


def test_constants_are_exact():
    assert lowering().lower(Symbol("gamma", nonnegative=True) / 3, None) == ir.Map(
        "div", (ir.Input("gamma", "scalar"), ir.Const(Fraction(3)))
    )

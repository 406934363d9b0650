"""A table of expressions and what is printed for them: LaTeX, Unicode, ASCII, matrix form."""

from __future__ import annotations

import pytest
from sympy import Add, Expr, Function, IndexedBase, KroneckerDelta, Symbol, cos, exp, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex, FeatureIndex, K, SampleIndex, c, j
from symce.algebra.latex import latex
from symce.algebra.lines import latex_lines
from symce.algebra.matrix import matrix_derivative, matrix_form
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.algebra.piecewise import Where
from symce.algebra.text import text
from symce.documents.notation import expand

z, y, a = IndexedBase("z", real=True), IndexedBase("y", nonnegative=True), IndexedBase("a", real=True)
W, x, X, P, Y, G = (IndexedBase(n, real=True) for n in ("W", "x", "X", "P", "Y", "G"))
alpha, q = IndexedBase("alpha", nonnegative=True), IndexedBase("q", real=True)
gamma, eps, T, M = (Symbol(n, positive=True) for n in ("gamma", "eps", "T", "M"))
k, l, i, d = ClassIndex("k"), ClassIndex("l"), SampleIndex("i"), FeatureIndex("d")  # noqa: E741
p = [Softmax(z, n) for n in (k, j, c)]
p_k, p_j, p_c = p
L = Named(Symbol("L"), -log(p_c))
s_k = Sigmoid(z[k])

TABLE = {
    "ce": (p_j - y[j], r"\hat{\pi}_j - y_j", "π̂ⱼ − yⱼ", "p[j] - y[j]"),
    "general": (
        p_j * FiniteSum(y[k], k) - y[j],
        r"\hat{\pi}_j \sum_{k=1}^{K} y_k - y_j",
        "π̂ⱼ Σₖ yₖ − yⱼ",
        "p[j]*Sum(y[k], k) - y[j]",
    ),
    "adjusted": (Softmax(a, k), r"\hat{\pi}_k", "π̂ₖ", "p[k]"),
    "jacobian": (
        p_k * (KroneckerDelta(k, j) - p_j),
        r"\hat{\pi}_k (\delta_{kj} - \hat{\pi}_j)",
        "π̂ₖ (δₖⱼ − π̂ⱼ)",
        "p[k]*(where(j == k, 1, 0) - p[j])",
    ),
    "true class first": (KroneckerDelta(j, c), r"\delta_{cj}", "δ_cj", "where(j == c, 1, 0)"),
    "focal": (
        -alpha[c] * (1 - p_c) ** gamma * log(p_c),
        r"-\alpha_c (1 - \hat{\pi}_c)^{\gamma} \log \hat{\pi}_c",
        "−α_c (1 − π̂_c)^γ log π̂_c",
        "-alpha[c]*(1 - p[c])**gamma*log(p[c])",
    ),
    "power": (
        (1 - p_c) ** (gamma - 1),
        r"(1 - \hat{\pi}_c)^{\gamma - 1}",
        "(1 − π̂_c)^(γ − 1)",
        "(1 - p[c])**(gamma - 1)",
    ),
    "fraction": (-y[k] / p_k, r"-\frac{y_k}{\hat{\pi}_k}", "−yₖ/π̂ₖ", "-y[k]/p[k]"),
    "over T": ((p_j - y[j]) / T, r"\frac{\hat{\pi}_j - y_j}{T}", "(π̂ⱼ − yⱼ)/T", "(p[j] - y[j])/T"),
    "batch": (
        FiniteSum((P[i, k] - Y[i, k]) * X[i, d], i) / M,
        r"\frac{1}{M} \sum_{i=1}^{N} (\hat{P}_{ik} - Y_{ik}) X_{id}",
        "(1/M) Σᵢ (P̂ᵢₖ − Yᵢₖ) X_id",
        "1/M*Sum((P[i,k] - Y[i,k])*X[i,d], i)",
    ),
    "smoothing": (
        KroneckerDelta(c, k) * (1 - eps) + (1 - KroneckerDelta(c, k)) * eps / (K - 1),
        r"(1 - \epsilon) \delta_{ck} + \frac{\epsilon}{K - 1} (1 - \delta_{ck})",
        "(1 − ε) δ_ck + (ε/(K − 1)) (1 − δ_ck)",
        "(1 - eps)*where(k == c, 1, 0) + eps/(K - 1)*(1 - where(k == c, 1, 0))",
    ),
    "log-sum-exp": (
        LogSumExp(z[k], k),
        r"\log \sum_{k=1}^{K} e^{z_k}",
        "log Σₖ exp(zₖ)",
        "logsumexp(z[k], k)",
    ),
    "log of a product": (log(y[k] * p_k), r"\log(y_k \hat{\pi}_k)", "log(yₖ π̂ₖ)", "log(y[k]*p[k])"),
    "log of a quotient": (log(p_k / y[k]), r"\log \frac{\hat{\pi}_k}{y_k}", "log(π̂ₖ/yₖ)", "log(p[k]/y[k])"),
    "log before a sum": (
        log(p_c) * FiniteSum(y[k], k),
        r"\log(\hat{\pi}_c) \sum_{k=1}^{K} y_k",
        "log(π̂_c) Σₖ yₖ",
        "log(p[c])*Sum(y[k], k)",
    ),
    "sigmoid": ((1 - s_k) * s_k, r"s_k (1 - s_k)", "sₖ (1 − sₖ)", "s[k]*(1 - s[k])"),
    "sigmoid of more": (Sigmoid(z[k] / T), r"\sigma\left(\frac{z_k}{T}\right)", "σ(zₖ/T)", "sigmoid(z[k]/T)"),
    "total": (Total(L, z[j]), r"\frac{\partial \mathcal{L}}{\partial z_j}", "∂ℒ/∂zⱼ", "dL/dz[j]"),
    "second": (
        Total(Named(Total(L, z[j]), p_j - y[j]), z[l]),
        r"\frac{\partial^2 \mathcal{L}}{\partial z_j \partial z_l}",
        "∂²ℒ/∂zⱼ∂zₗ",
        "d2L/dz[j]dz[l]",
    ),
    "partial of a long one": (
        Partial(y[k] * log(p_k), p_k),
        r"\frac{\partial}{\partial \hat{\pi}_k}[y_k \log \hat{\pi}_k]",
        "∂/∂π̂ₖ [yₖ log π̂ₖ]",
        "d/dp[k][y[k]*log(p[k])]",
    ),
    "chain rule": (
        Product(-y[k] / p_k, Total(p_k, z[j])),
        r"\left(-\frac{y_k}{\hat{\pi}_k}\right) \cdot \frac{\partial \hat{\pi}_k}{\partial z_j}",
        "(−yₖ/π̂ₖ) · ∂π̂ₖ/∂zⱼ",
        "(-y[k]/p[k])*dp[k]/dz[j]",
    ),
    "names": (
        Named(q[j], y[j] / 2) - Named(Function("H")(Symbol("p")), -FiniteSum(p_k * log(p_k), k)),
        r"q_j - H(\hat{\boldsymbol{\pi}})",
        "qⱼ − H(π̂)",
        "q[j] - H(p)",
    ),
    "divergence": (
        Named(Function("KL")(Symbol("p"), Symbol("y")), FiniteSum(p_k * log(p_k / y[k]), k)),
        r"D_{KL}(\hat{\boldsymbol{\pi}} \| \mathbf{y})",
        "D_KL(π̂ ‖ y)",
        "KL(p, y)",
    ),
    "nested sums take fresh letters": (
        FiniteSum(p_k * FiniteSum(y[l], l), k),
        r"\sum_{k=1}^{K} \hat{\pi}_k \sum_{l=1}^{K} y_l",
        "Σₖ π̂ₖ Σₗ yₗ",
        "Sum(p[k]*Sum(y[l], l), k)",
    ),
    "names with words": (
        IndexedBase("gamma_pos")[c] * Symbol("margin"),
        r"\mathrm{margin} \gamma_{\mathrm{pos},c}",
        "margin γ_pos_c",
        "margin*gamma_pos[c]",
    ),
    "choice": (
        Where(z[k] < 1, z[k], 2),
        r"\begin{cases} z_k & \text{if } z_k < 1 \\ 2 & \text{otherwise} \end{cases}",
        "{zₖ if zₖ < 1, else 2}",
        "where(z[k] < 1, z[k], 2)",
    ),
    "two numbers": (3 * 2**gamma, r"3 \cdot 2^{\gamma}", "3 2^γ", "3*2**gamma"),
    "exponential": (exp(-z[k]) + 1, r"1 + e^{-z_k}", "1 + exp(−zₖ)", "1 + exp(-z[k])"),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_is_printed(name: str) -> None:
    expr, in_latex, in_unicode, in_ascii = TABLE[name]
    assert latex(expr) == in_latex
    assert text(expr) == in_unicode
    assert text(expr, ascii=True) == in_ascii


def test_a_parameter_may_have_a_symbol_of_its_own() -> None:
    assert latex(alpha[c] * p_c, {"alpha": r"w^{+}"}) == r"w^{+}_c \hat{\pi}_c"


def test_a_node_without_notation_is_refused_with_the_place_to_add_one() -> None:
    with pytest.raises(TypeError, match=r"no notation for cos .*reading\.py"):
        latex(cos(z[k]))


MATRICES = {
    "ce": (p_j - y[j], (j,), r"\hat{\boldsymbol{\pi}} - \mathbf{y}"),
    "weights": ((p_k - y[k]) * x[d], (k, d), r"(\hat{\boldsymbol{\pi}} - \mathbf{y}) \mathbf{x}^T"),
    "input": (FiniteSum((p_k - y[k]) * W[k, d], k), (d,), r"\mathbf{W}^T (\hat{\boldsymbol{\pi}} - \mathbf{y})"),
    "batch": (
        FiniteSum((P[i, k] - Y[i, k]) * X[i, d], i) / M,
        (k, d),
        r"\frac{1}{M} (\hat{\mathbf{P}} - \mathbf{Y})^T \mathbf{X}",
    ),
    "negative batch": (FiniteSum(-Y[i, k] * X[i, d], i) / M, (k, d), r"-\frac{1}{M} \mathbf{Y}^T \mathbf{X}"),
    "bias": (FiniteSum(G[i, k], i) / M, (k,), r"\frac{1}{M} \mathbf{G}^T \mathbf{1}"),
    "penalty": (
        Symbol("lambda") * W[k, d] - FiniteSum(Y[i, k] * X[i, d], i),
        (k, d),
        r"\lambda \mathbf{W} - \mathbf{Y}^T \mathbf{X}",
    ),
    "hessian": (
        p_j * (KroneckerDelta(j, l) - Softmax(z, l)),
        (j, l),
        r"\operatorname{diag}(\hat{\boldsymbol{\pi}}) - \hat{\boldsymbol{\pi}} \hat{\boldsymbol{\pi}}^T",
    ),
    "hvp": (
        p_j * (y[j] - FiniteSum(p_k * y[k], k)),
        (j,),
        r"\hat{\boldsymbol{\pi}} \odot (\mathbf{y} - (\hat{\boldsymbol{\pi}}^T \mathbf{y}) \mathbf{1})",
    ),
    "a sum that is no product": (FiniteSum(p_k / (1 + W[k, d]), k), (d,), None),
    "a function of a matrix": (exp(W[k, d]), (k, d), None),
}


@pytest.mark.parametrize("name", MATRICES)
def test_matrix_forms(name: str) -> None:
    expr, indices, expected = MATRICES[name]
    assert matrix_form(expr, indices) == expected


def test_a_matrix_form_has_one_index_or_two() -> None:
    with pytest.raises(ValueError, match="one index or two"):
        matrix_form(p_j, ())


def test_the_derivative_that_a_matrix_form_is_of() -> None:
    assert matrix_derivative(Total(L, W[k, d])) == (r"\frac{\partial \mathcal{L}}{\partial \mathbf{W}}", (k, d))
    assert matrix_derivative(Total(p_k, z[j])) is None


_bracket = Add(*[alpha[c] * p_c**n * log(y[c]) ** n for n in range(2, 9)])


@pytest.mark.parametrize(
    "expr",
    [
        p_j * _bracket * FiniteSum(y[k] * _bracket + y[k], k) - _bracket,
        FiniteSum(Product(_bracket + y[k], Total(p_k, z[j])), k),
        FiniteSum(_bracket + y[k], k) * (y[j] + FiniteSum(p_k * _bracket, k)),
        Partial(p_k * _bracket, p_k) / gamma,
    ],
)
def test_long_lines_are_broken_and_lose_nothing(expr: Expr) -> None:
    lines = latex_lines(expr, 30)
    assert len(lines) > 1

    def plain(printed: str) -> str:
        for word in (r"\left", r"\right", r"\biggl", r"\biggr", r"\bigl", r"\bigr", r"\cdot", " "):
            printed = printed.replace(word, "")
        return printed

    assert plain("".join(lines)) == plain(latex(expr))
    for line in lines:
        assert line.count(r"\left") == line.count(r"\right"), "a bracket of flexible size cannot be broken"
    whole = " ".join(lines)
    assert whole.count("l(") - whole.count(r"\left(") == whole.count("r)"), "brackets open and close"


def test_a_letter_does_not_run_into_the_command_before_it():
    assert expand(r"\partial\ph_k", "p") == r"\partial p_k"
    assert expand(r"\partial\ph_k", "hat-pi") == r"\partial\hat{\pi}_k"
    assert expand(r"2\ph", "p") == "2p"
    assert expand(r"\bph \phi \ph", "p") == r"\mathbf{p} \phi p"

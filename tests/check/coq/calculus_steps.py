"""Steps of the calculus: what a rule works on, what it gives, and what that is not equal to.

``SUM l, e`` is the sum over the classes. What is different in a wrong one is a sign, an index, a factor or a term.
"""

from __future__ import annotations

from collections.abc import Mapping

P, A = "softmax K z", "softmax K (scaled T z)"
S = "(fun m => sigmoid (z m))"


def d(function: str, at: str) -> str:
    """The derivative of a function of t at a point."""
    return f"Derive (fun t => {function}) ({at})"


def moved(n: str, function: str) -> str:
    """The derivative of a function of the probabilities, written {p}, in the one of class n."""
    return d(function.replace("{p}", f"upd ({P}) {n} t"), f"{P} {n}")


ENTROPY = "SUM m, {p} m * ln ({p} m)"
FOCAL = "ln ({p} c) * Rpower (- {p} c + 1) g"
LSE = "ln (SUM m, exp ({} m))"
MIXED = "{direct} ^ 2 * r - (SUM m, y m * ln ({p} m))"


def through(function: str, variable: str = "upd z j t") -> str:
    """The derivative in z_j of a function of the probabilities."""
    return d(function.replace("{p}", f"softmax K ({variable})"), "z j")


JACOBIAN = d(f"{P.replace('z', '(upd z j t)')} n", "z j")
#: rule: what it works on, what it gives, and what that is not equal to
CASES: Mapping[str, list[tuple[str, str, tuple[str, ...]]]] = {
    "definition": [(moved("k", "ln ({p} l)"), moved("k", "ln ({p} l)"), (moved("k", "ln ({p} k)"), "0"))],
    "linearity": [
        (
            moved("k", "- (SUM l, y l * ln ({p} l))"),
            f"- (SUM l, y l * {moved('k', 'ln ({p} l)')})",
            (
                f"SUM l, y l * {moved('k', 'ln ({p} l)')}",
                f"- (SUM l, v l * {moved('k', 'ln ({p} l)')})",
                f"- (SUM l, y l * {moved('j', 'ln ({p} l)')})",
            ),
        ),
        (
            moved("k", "SUM l, (- y l + {p} l * (SUM m, y m)) * v l"),
            f"SUM l, v l * {moved('k', '{p} l')} * (SUM m, y m)",
            (
                f"SUM l, v l * {moved('k', '{p} l')} * (SUM m, v m)",
                f"SUM l, v l * {moved('k', '{p} l')}",
            ),
        ),
    ],
    "product_rule": [
        (
            moved("k", "{p} l * ln ({p} l)"),
            f"ln ({P} l) * {moved('k', '{p} l')} + {moved('k', 'ln ({p} l)')} * {P} l",
            (
                f"ln ({P} l) * {moved('k', '{p} l')} - {moved('k', 'ln ({p} l)')} * {P} l",
                f"ln ({P} l) * {moved('k', '{p} l')}",
                f"{moved('k', '{p} l')} * {moved('k', 'ln ({p} l)')}",
            ),
        )
    ],
    "quotient_rule": [
        (
            d("exp (upd z j t k) * / (SUM m, exp (upd z j t m))", "z j"),
            f"({d('exp (upd z j t k)', 'z j')} * (SUM m, exp (z m))"
            f" - exp (z k) * {d('SUM m, exp (upd z j t m)', 'z j')}) * / ((SUM m, exp (z m)) ^ 2)",
            (
                f"({d('exp (upd z j t k)', 'z j')} * (SUM m, exp (z m))"
                f" + exp (z k) * {d('SUM m, exp (upd z j t m)', 'z j')}) * / ((SUM m, exp (z m)) ^ 2)",
                f"{d('exp (upd z j t k)', 'z j')} * / (SUM m, exp (z m))",
            ),
        )
    ],
    "power_rule": [
        (
            moved("k", "Rpower (- {p} c + 1) g"),
            f"g * Rpower (- {P} c + 1) (g - 1) * {moved('k', '- {p} c + 1')}",
            (
                f"g * Rpower (- {P} c + 1) g * {moved('k', '- {p} c + 1')}",
                f"Rpower (- {P} c + 1) (g - 1) * {moved('k', '- {p} c + 1')}",
                f"- g * Rpower (- {P} c + 1) (g - 1) * {moved('k', '- {p} c + 1')}",
            ),
        ),
        (
            moved("k", "{p} l ^ 3"),
            f"3 * {P} l ^ 2 * {moved('k', '{p} l')}",
            (f"2 * {P} l ^ 2 * {moved('k', '{p} l')}",),
        ),
        (
            moved("k", "/ {p} l"),
            f"- {moved('k', '{p} l')} * / ({P} l ^ 2)",
            (f"{moved('k', '{p} l')} * / ({P} l ^ 2)",),
        ),
    ],
    "derivative_of_log": [
        (
            f"y l * {moved('k', 'ln (y l * / {p} l)')}",
            f"{moved('k', 'y l * / {p} l')} * {P} l",
            (f"{moved('k', 'y l * / {p} l')}", f"y l * {moved('k', 'y l * / {p} l')} * {P} l"),
        ),
        (
            d("ln (upd z j t k)", "z j"),
            f"{d('upd z j t k', 'z j')} * / z k",
            (f"{d('upd z j t k', 'z j')} * / z j * 2", "0"),
        ),
    ],
    "derivative_of_exp": [
        (d("exp (- upd z j t k)", "z j"), "- exp (- z k) * delta j k", ("exp (- z k) * delta j k", "- exp (- z k)"))
    ],
    "derivative_of_tanh": [
        (
            d("tanh (upd z j t k * / T)", "z j"),
            f"(1 - tanh (z k * / T) ^ 2) * {d('upd z j t k * / T', 'z j')}",
            (
                f"(1 + tanh (z k * / T) ^ 2) * {d('upd z j t k * / T', 'z j')}",
                f"(1 - tanh (z k * / T) ^ 2) * {d('upd z j t k', 'z j')}",
            ),
        )
    ],
    "derivative_of_abs": [
        (
            d(f"Rabs (upd ({P}) k t l + r)", f"{P} k"),
            f"sign ({P} l + r) * {moved('k', '{p} l')}",
            (f"- sign ({P} l + r) * {moved('k', '{p} l')}",),
        )
    ],
    "derivative_of_sigmoid": [
        (
            d("sigmoid (r * upd z j t k)", "z j"),
            f"(1 - sigmoid (r * z k)) * sigmoid (r * z k) * {d('r * upd z j t k', 'z j')}",
            (f"sigmoid (r * z k) * {d('r * upd z j t k', 'z j')}",),
        )
    ],
    "derivative_of_softplus": [
        (
            d("softplus (- upd z j t k)", "z j"),
            f"sigmoid (- z k) * {d('- upd z j t k', 'z j')}",
            (f"sigmoid (z k) * {d('- upd z j t k', 'z j')}", f"- sigmoid (- z k) * {d('- upd z j t k', 'z j')}"),
        )
    ],
    "derivative_of_logsumexp": [
        (
            d(LSE.format("upd z j t"), "z j"),
            f"SUM m, {d('upd z j t m', 'z j')} * {P} m",
            (f"SUM m, {d('upd z j t m', 'z j')}", f"SUM m, {d('upd z k t m', 'z k')} * {P} m"),
        )
    ],
    "derivative_of_minus": [
        (through("- ln ({p} c)"), f"- {through('ln ({p} c)')}", (through("ln ({p} c)"), f"- {through('ln ({p} k)')}"))
    ],
    "independent_entries": [
        (
            f"SUM l, y l * {moved('k', '{p} l')} * / {P} l",
            f"SUM l, delta k l * y l * / {P} l",
            (f"SUM l, delta j l * y l * / {P} l", f"- (SUM l, delta k l * y l * / {P} l)", "y k"),
        ),
        (moved("k", "{p} k"), "1", ("0", "-1", "delta j k")),
    ],
    "softmax_jacobian": [
        (
            f"SUM n, v n * {JACOBIAN}",
            f"SUM n, v n * ((delta j n - {P} j) * {P} n)",
            (
                f"SUM n, v n * ((delta j n - {P} n) * {P} n)",
                f"SUM n, v n * ((delta j n + {P} j) * {P} n)",
                f"SUM n, v n * ((delta j n - {P} j) * {P} j)",
            ),
        )
    ],
    "sigmoid_derivative": [
        (
            d("sigmoid (upd z j t k)", "z j"),
            "(1 - sigmoid (z k)) * delta j k * sigmoid (z k)",
            ("(1 - sigmoid (z k)) * sigmoid (z k)", "(1 - sigmoid (z k)) * delta j k"),
        )
    ],
    "unfold_definition": [
        (
            d("softmax K (upd z j t) k", "z j"),
            d("exp (upd z j t k) * / (SUM m, exp (upd z j t m))", "z j"),
            (d("exp (upd z j t j) * / (SUM m, exp (upd z j t m))", "z j"), d("exp (upd z j t k)", "z j")),
        ),
        (
            d("sigmoid (upd z j t k)", "z j"),
            d("/ (exp (- upd z j t k) + 1)", "z j"),
            (d("/ (exp (upd z j t k) + 1)", "z j"),),
        ),
    ],
    "chain_rule": [
        (
            through(ENTROPY),
            f"SUM n, {moved('n', ENTROPY)} * {JACOBIAN}",
            (
                f"SUM n, {JACOBIAN}",
                f"SUM n, {moved('j', ENTROPY)} * {JACOBIAN}",
                f"- (SUM n, {moved('n', ENTROPY)} * {JACOBIAN})",
                f"SUM n, {moved('n', ENTROPY)} * {JACOBIAN.replace('z j', 'z k')}",
                f"{moved('j', ENTROPY)} * {JACOBIAN.replace(' n)', ' j)')}",
            ),
        ),
        (
            through(FOCAL),
            f"{moved('c', FOCAL)} * {JACOBIAN.replace(' n)', ' c)')}",
            (
                f"{moved('k', FOCAL)} * {JACOBIAN.replace(' n)', ' c)')}",
                f"{moved('c', FOCAL)} * {JACOBIAN.replace(' n)', ' k)')}",
            ),
        ),
        (
            through(MIXED.replace("{direct}", LSE.format("upd z j t"))),
            d(MIXED.replace("{direct}", LSE.format("upd z j t")).replace("{p}", P), "z j")
            + f" + (SUM n, {moved('n', MIXED.replace('{direct}', LSE.format('z')))} * {JACOBIAN})",
            (
                f"SUM n, {moved('n', MIXED.replace('{direct}', LSE.format('z')))} * {JACOBIAN}",
                d(MIXED.replace("{direct}", LSE.format("upd z j t")).replace("{p}", P), "z j")
                + f" - (SUM n, {moved('n', MIXED.replace('{direct}', LSE.format('z')))} * {JACOBIAN})",
                d(MIXED.replace("{direct}", LSE.format("upd z j t")).replace("{p}", P), "z j"),
            ),
        ),
        (
            d("SUM m, y m * ln (sigmoid (upd z j t m))", "z j"),
            f"SUM n, {d(f'SUM m, y m * ln (upd {S} n t m)', 'sigmoid (z n)')} * {d('sigmoid (upd z j t n)', 'z j')}",
            (
                f"SUM n, {d(f'SUM m, y m * ln (upd {S} n t m)', 'sigmoid (z n)')}",
                d(f"SUM m, y m * ln (upd {S} j t m)", "sigmoid (z j)"),
            ),
        ),
    ],
    "chain_rule_elementwise": [
        (
            d("ln (softmax K (scaled T (upd z j t)) c)", "z j"),
            f"{d('ln (softmax K (upd (scaled T z) j t) c)', 'scaled T z j')}"
            f" * {d('T * tanh (upd z j t j * / T)', 'z j')}",
            (
                d("ln (softmax K (upd (scaled T z) j t) c)", "scaled T z j"),
                f"{d('ln (softmax K (upd (scaled T z) k t) c)', 'scaled T z k')}"
                f" * {d('T * tanh (upd z j t j * / T)', 'z j')}",
                f"{d('ln (softmax K (upd (scaled T z) j t) c)', 'scaled T z j')}"
                f" * {d('tanh (upd z j t j * / T)', 'z j')}",
            ),
        ),
        (
            d("softmax K (scaled T (upd z j t)) k * upd z j t l", "z j"),
            f"{d(f'{A} k * upd z j t l', 'z j')} + {d('softmax K (upd (scaled T z) j t) k * z l', 'scaled T z j')}"
            f" * {d('T * tanh (upd z j t j * / T)', 'z j')}",
            (
                f"{d('softmax K (upd (scaled T z) j t) k * z l', 'scaled T z j')}"
                f" * {d('T * tanh (upd z j t j * / T)', 'z j')}",
            ),
        ),
    ],
    "by log_slope": [
        (
            f"SUM n, {moved('n', '- (SUM m, v m * ln ({p} m))')} * {JACOBIAN}",
            f"SUM n, - v n * / {P} n * {JACOBIAN}",
            (f"SUM n, - y n * / {P} n * {JACOBIAN}", f"SUM n, v n * / {P} n * {JACOBIAN}"),
        )
    ],
    "by one_slope": [(d("- upd z j t c", "z j"), "- delta c j", ("delta c j", "- delta c k", "- 1"))],
    "by total": [
        (
            f"v k * / (SUM m, {P} m) + ln (SUM m, {P} m)",
            "v k * / 1 + ln 1",
            ("v k * / 2 + ln 1", "v k * / 1 + ln 2"),
        ),
        ("ln 1 - v k", f"ln (SUM m, {P} m) - v k", (f"ln (SUM m, {P} m) - v j",)),
    ],
}

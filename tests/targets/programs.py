"""RowPrograms built by hand, as lowering would build them: the targets are tested without it."""

from __future__ import annotations

from fractions import Fraction

from symce.kernel.ir import Const, Gather, Input, Let, Map, Node, OneHot, Reduce, RowProgram, Var
from symce.kernel.kernel import Kernel, KernelParam

Z = Input("logits", "row")
C = Input("target", "batch", "index")
Y = Input("target", "row")
V = Input("v", "row")
ZERO, ONE = Const(Fraction(0)), Const(Fraction(1))


def op(name: str, *args: Node) -> Map:
    return Map(name, args)


def total(body: Node) -> Reduce:
    return Reduce("sum", body)


class Lets:
    """Collects named values; calling it names one and returns the variable."""

    def __init__(self) -> None:
        self.lets: list[Let] = []

    def __call__(self, name: str, value: Node, note: str = "") -> Var:
        self.lets.append(Let(name, value, note))
        return Var(name, value.shape)


def softmax(let: Lets, z: Node = Z) -> dict[str, Node]:
    """The stable quantities of a softmax row: D, E, R, S, L, p, 1 - p and -log p."""
    a = let("a", Reduce("argmax", z), "the class of the largest logit")
    m = let("m", Reduce("max", z))
    D = let("D", op("sub", m, z), "distances below the largest logit: -log p = D + L has no cancellation")
    E = let("E", op("exp", op("neg", D)))
    is_max = let("is_max", OneHot(a))
    R = let("R", total(op("where", is_max, ZERO, E)), "the sum without its largest term, which is 1")
    S = let("S", op("add", ONE, R))
    L = let("L", op("log1p", R))
    p = let("p", op("div", E, S))
    q = let("q", op("div", op("where", is_max, R, op("sub", S, E)), S), "1 - p, without cancellation")
    return {"D": D, "E": E, "R": R, "S": S, "L": L, "p": p, "q": q, "nll": op("add", D, L)}


def kernel(name: str, title: str, target: str, programs: dict[str, RowProgram], **more: object) -> Kernel:
    values: dict[str, object] = {
        "doc": "", "value_text": "L", "gradient_text": "dL/dz[j]", "reference": "", "params": (),
        "linear_in_target": False, "elementwise": False, "source_hash": "0" * 64,
    } | more  # fmt: skip
    return Kernel(name=name, title=title, target=target, programs=programs, **values)  # type: ignore[arg-type]


def cross_entropy() -> Kernel:
    let = Lets()
    s = softmax(let)
    onehot = let("onehot", OneHot(C))
    index = RowProgram(
        (Z, C, V),
        tuple(let.lets),
        {
            "value": op("add", Gather(s["D"], C), s["L"]),
            "gradient": op("where", onehot, op("neg", s["q"]), s["p"]),
            "hvp": op("mul", s["p"], op("sub", V, total(op("mul", s["p"], V)))),
        },
    )
    let = Lets()
    s = softmax(let)
    Q = let("Q", total(Y), "the mass of the target")
    dense = RowProgram(
        (Z, Y, V),
        tuple(let.lets),
        {
            "value": total(op("product", Y, s["nll"])),
            "gradient": op("sub", op("mul", s["p"], op("sub", Q, Y)), op("mul", Y, s["q"])),
            "hvp": op("mul", Q, op("mul", s["p"], op("sub", V, total(op("mul", s["p"], V))))),
        },
    )
    return kernel(
        "cross_entropy", "Cross-entropy of softmax", "distribution", {"index": index, "dense": dense},
        linear_in_target=True, value_text="L = -sum_k q[k] log p[k]", gradient_text="dL/dz[j] = p[j] sum(q) - q[j]",
        doc="The effective target q is the target after weight, smoothing and mask.",
    )  # fmt: skip


def focal() -> Kernel:
    """Softmax focal loss, -alpha[c] (1 - p[c])^gamma log p[c]."""
    alpha, gamma = Input("alpha", "class"), Input("gamma", "scalar")
    let = Lets()
    s = softmax(let)
    l = let("l", op("add", Gather(s["D"], C), s["L"]), "-log p of the true class")  # noqa: E741
    p_c = let("p_c", Gather(s["p"], C))
    q_c = let("q_c", Gather(s["q"], C))
    onehot = let("onehot", OneHot(C))
    others = let("others", total(op("where", onehot, ZERO, s["E"])))
    scaled = let("scaled", op("mul", Gather(alpha, C), op("pow", q_c, gamma)))
    core = let("core", op("mul", scaled, op("add", q_c, op("mul", gamma, op("product", p_c, l)))))
    share = op("where", op("eq", others, ZERO), ZERO, op("div", s["E"], others))
    program = RowProgram(
        (Z, C, alpha, gamma),
        tuple(let.lets),
        {"value": op("mul", scaled, l), "gradient": op("where", onehot, op("neg", core), op("mul", core, share))},
    )
    return kernel(
        "focal", "Focal loss (softmax)", "index", {"index": program},
        params=(
            KernelParam("alpha", "nonnegative", 1.0, "K", "factor of each class"),
            KernelParam("gamma", "nonnegative", 2.0, "", "focusing: 0 gives cross-entropy"),
        ),
        value_text="L = -alpha[c] (1 - p[c])^gamma log p[c]",
        gradient_text="dL/dz[j] = alpha[c] (1-p[c])^(gamma-1) (gamma p[c] log p[c] - (1-p[c])) (delta[c,j] - p[j])",
        reference="Lin et al. 2017, arXiv 1708.02002",
    )  # fmt: skip


def binary_cross_entropy() -> Kernel:
    let = Lets()
    rest = let("rest", op("sub", ONE, Y))
    program = RowProgram(
        (Z, Y, V),
        tuple(let.lets),
        {
            "value": op("add", op("product", Y, op("softplus", op("neg", Z))), op("product", rest, op("softplus", Z))),
            "gradient": op("sub", op("mul", rest, op("sigmoid", Z)), op("mul", Y, op("sigmoid", op("neg", Z)))),
            "hvp": op("mul", op("mul", op("sigmoid", Z), op("sigmoid", op("neg", Z))), V),
        },
    )
    return kernel(
        "binary_cross_entropy", "Binary cross-entropy of the sigmoid", "multilabel", {"dense": program},
        elementwise=True, value_text="L[k] = -y[k] log s[k] - (1 - y[k]) log(1 - s[k])", gradient_text="s[j] - y[j]",
    )  # fmt: skip


def entropy() -> Kernel:
    let = Lets()
    s = softmax(let)
    mean = let("mean", total(op("product", s["p"], s["D"])), "the mean distance under p")
    deviation = op("sub", s["D"], mean)
    program = RowProgram(
        (Z,),
        tuple(let.lets),
        {"value": op("add", s["L"], mean), "gradient": op("product", s["p"], deviation)},
    )
    return kernel("entropy", "Entropy of softmax", "none", {"none": program}, value_text="H = -sum_k p[k] log p[k]")


def temperature() -> Kernel:
    """Cross-entropy of softmax(z / T); the shifted difference is divided, not z."""
    T = Input("T", "scalar")
    let = Lets()
    a = let("a", Reduce("argmax", Z))
    m = let("m", Gather(Z, a))
    D = let("D", op("div", op("sub", m, Z), T))
    E = let("E", op("exp", op("neg", D)))
    is_max = let("is_max", OneHot(a))
    R = let("R", total(op("where", is_max, ZERO, E)))
    S = let("S", op("add", ONE, R))
    q = op("div", op("where", is_max, R, op("sub", S, E)), S)
    onehot = let("onehot", OneHot(C))
    program = RowProgram(
        (Z, C, T),
        tuple(let.lets),
        {
            "value": op("add", Gather(D, C), op("log1p", R)),
            "gradient": op("div", op("where", onehot, op("neg", q), op("div", E, S)), T),
        },
    )
    return kernel(
        "temperature", "Cross-entropy at temperature T", "index", {"index": program},
        params=(KernelParam("T", "positive", None, "", "the temperature"),),
    )  # fmt: skip


def taught() -> Kernel:
    """e^s times the cross-entropy against a parameter of the logits' shape: parameters of every shape, no target."""
    teacher, factor, s = Input("teacher", "row"), Input("factor", "class"), Input("s", "scalar")
    let = Lets()
    parts = softmax(let)
    u = let("u", op("mul", op("exp", s), op("mul", factor, teacher)))
    Q = let("Q", total(u))
    program = RowProgram(
        (Z, teacher, factor, s),
        tuple(let.lets),
        {
            "value": total(op("product", u, parts["nll"])),
            "gradient": op("sub", op("mul", parts["p"], op("sub", Q, u)), op("mul", u, parts["q"])),
        },
    )
    return kernel(
        "taught", "Cross-entropy against a teacher", "none", {"none": program},
        params=(
            KernelParam("teacher", "nonnegative", 0.25, "NxK", "what the probabilities should be"),
            KernelParam("factor", "real", None, "K", ""),
            KernelParam("s", "real", 0.0, "", "logarithm of a factor"),
        ),
    )  # fmt: skip


KERNELS = (cross_entropy(), focal(), binary_cross_entropy(), entropy(), temperature(), taught())

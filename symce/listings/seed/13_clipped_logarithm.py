r"""What log(p + 1e-10) costs

The constant keeps the logarithm finite, and changes the loss: it never exceeds
$-\log 10^{-10} \approx 23.03$, it is negative where $\ph_c = 1$, and $\ph - \mathbf{y}$
is no longer its gradient: the true one carries the factor $\ph_c / (\ph_c + 10^{-10})$
and vanishes just where the prediction is worst. The loss from the logits,
$\log \sum_k e^{z_k} - z_c$ with the largest logit taken out, needs no constant.
"""

import numpy as np


def losses(z: np.ndarray, c: int) -> tuple[float, float, float]:
    """Clipped, exact, and the factor on the clipped loss's gradient."""
    shifted = z - z.max()
    exp_z = np.exp(shifted)
    p_c = exp_z[c] / exp_z.sum()
    exact = np.log(exp_z.sum()) - shifted[c]
    return -np.log(p_c + 1e-10), exact, p_c / (p_c + 1e-10)


print("true class    log(p+1e-10)   from the logits   gradient's factor")
for margin in (-1000.0, -30.0, -20.0, -2.0, 2.0):
    clipped, exact, factor = losses(np.array([margin, 0.0]), c=0)
    print(f"by {margin:7.0f}    {clipped:12.6f}    {exact:14.6f}    {factor:14.6f}")

clipped, exact, _ = losses(np.array([50.0, 0.0]), c=0)
print(f"by      50    clipped loss below 0: {clipped < 0}, exact below 0: {exact < 0}")

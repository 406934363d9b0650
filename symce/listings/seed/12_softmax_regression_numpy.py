r"""Softmax regression in NumPy

The derived gradients as code, and nothing else: logits, softmax, $\ph - \mathbf{y}$ and
the two batch gradients. Three clouds of points in the plane, 200 steps of gradient
descent; at the start all classes are about equally probable, so that the loss is
$\log 3 \approx 1.0986$.
"""

import numpy as np


class SoftmaxRegressionNumPy:
    """Softmax regression from scratch: the gradient derivations in code."""

    def __init__(self, input_dim: int, num_classes: int) -> None:
        self.W = np.random.randn(num_classes, input_dim) * 0.01
        self.b = np.zeros(num_classes)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """X → logits → probabilities, by a numerically stable softmax."""
        z = X @ self.W.T + self.b  # (N, K)
        exp_z = np.exp(z - np.max(z, axis=1, keepdims=True))
        probs: np.ndarray = exp_z / np.sum(exp_z, axis=1, keepdims=True)
        return probs

    def train_step(self, X: np.ndarray, y: np.ndarray, lr: float) -> float:
        """Single training step: forward, backward, update."""
        N = len(y)
        probs = self.forward(X)
        loss = np.mean(-np.log(probs[np.arange(N), y] + 1e-10))
        y_onehot = np.zeros_like(probs)
        y_onehot[np.arange(N), y] = 1
        dz = probs - y_onehot  # dL/dz = π - y, (N, K)
        self.W -= lr * (1 / N) * dz.T @ X  # dL/dW, (K, D)
        self.b -= lr * (1 / N) * np.sum(dz, axis=0)  # dL/db, (K,)
        return float(loss)


np.random.seed(42)
y = np.repeat([0, 1, 2], 50)
X = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])[y] + np.random.randn(150, 2)
model = SoftmaxRegressionNumPy(input_dim=2, num_classes=3)
for step in range(201):
    loss = model.train_step(X, y, lr=0.5)
    if step in (0, 1, 10, 50, 200):
        accuracy = np.mean(np.argmax(model.forward(X), axis=1) == y)
        print(f"step {step:3d}   loss {loss:.4f}   accuracy {accuracy:.3f}")

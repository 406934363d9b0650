import numpy as np

class SoftmaxRegressionNumPy:
    """
    Softmax regression implemented from scratch.
    Demonstrates the gradient derivations in code.
    """

    def __init__(self, input_dim: int, num_classes: int):
        self.W = np.random.randn(num_classes, input_dim) * 0.01
        self.b = np.zeros(num_classes)

    def softmax(self, z: np.ndarray) -> np.ndarray:
        """Numerically stable softmax."""
        z_shifted = z - np.max(z, axis=1, keepdims=True)
        exp_z = np.exp(z_shifted)
        return exp_z / np.sum(exp_z, axis=1, keepdims=True)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Forward pass: X → logits → probabilities."""
        self.z = X @ self.W.T + self.b  # (N, K)
        self.probs = self.softmax(self.z)  # (N, K)
        return self.probs

    def compute_loss(self, probs: np.ndarray, y: np.ndarray) -> float:
        """Compute cross-entropy loss."""
        N = len(y)
        correct_log_probs = -np.log(probs[np.arange(N), y] + 1e-10)
        return np.mean(correct_log_probs)

    def backward(self, X: np.ndarray, y: np.ndarray) -> tuple:
        """
        Backward pass: compute gradients.

        The key insight: ∂L/∂z = π - y (one-hot)
        """
        N = len(y)

        # Convert y to one-hot encoding
        y_onehot = np.zeros_like(self.probs)
        y_onehot[np.arange(N), y] = 1

        # Gradient w.r.t. logits: dL/dz = π - y
        dz = self.probs - y_onehot  # (N, K)

        # Gradient w.r.t. weights: dL/dW = (1/N) * dz^T @ X
        dW = (1/N) * dz.T @ X  # (K, D)

        # Gradient w.r.t. biases: dL/db = (1/N) * sum(dz)
        db = (1/N) * np.sum(dz, axis=0)  # (K,)

        return dW, db

    def train_step(self, X: np.ndarray, y: np.ndarray, lr: float) -> float:
        """Single training step: forward, backward, update."""
        probs = self.forward(X)
        loss = self.compute_loss(probs, y)
        dW, db = self.backward(X, y)
        self.W -= lr * dW
        self.b -= lr * db
        return loss

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict class labels."""
        probs = self.forward(X)
        return np.argmax(probs, axis=1)

    def accuracy(self, X: np.ndarray, y: np.ndarray) -> float:
        """Compute classification accuracy."""
        predictions = self.predict(X)
        return np.mean(predictions == y)

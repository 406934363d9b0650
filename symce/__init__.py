"""symce: from a loss stated once, as mathematics, to its derivation, its proof and its kernels."""

__version__ = "0.1.0"

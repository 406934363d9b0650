"""How fast the kernels are, against everything else that computes the same numbers.

    python -m benchmarks.speed [--quick] [--only SECTION ...] [--threads N] [--write]

``shapes`` says what is measured, ``peers`` who takes part, ``goals`` what is promised. Every contestant lives in a
process of its own kind (``worker``), is checked against the others, and is timed in turn with them (``timing``).
"""

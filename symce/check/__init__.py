"""An independent check of proofs: reads the JSON of a proof alone, and shares no code with what derived it.

document.py    what a proof is here: expressions, definitions, lines
reading.py     JSON values as such a proof, checked for their form
rules.py       the rules by name, what they need and what they assume
arithmetic.py  60 digits and dual numbers
sampling.py    where a proof is tried
evaluate.py    the value of an expression at a point, derivatives included
quotients.py   a second opinion on it: difference quotients
conditions.py  what rules need where they are used
compare.py     the comparisons
proof.py       the check of one proof
rows.py        the check of a batch's proof by that of one sample
report.py      what it found
"""

from symce.check.document import DocumentError
from symce.check.proof import check_proof
from symce.check.report import Problem, Report
from symce.check.rows import check_rows

__all__ = ["DocumentError", "Problem", "Report", "check_proof", "check_rows"]

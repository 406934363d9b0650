"""Is a generated kernel right? Checked against the loss's statement, with no code of the derivation.

verify([loss], Path("generated")) -> Report
"""

from symce.verify.kernels import TARGETS, verify
from symce.verify.modules import LoadError
from symce.verify.report import Failure, Report, Row

__all__ = ["TARGETS", "Failure", "LoadError", "Report", "Row", "verify"]

"""The code listings of a handout: scripts that a reader can copy, shown with what they really print.

from symce.listings import catalogue, run

catalogue()["focal"].code          # the text of the listing
run(["focal"])["focal"].output     # what it printed just now, in a process of its own
"""

from __future__ import annotations

from symce.listings.kernels import kernel_listing
from symce.listings.listing import Listing, ListingError, catalogue, read_listing
from symce.listings.run import Run, execute, run

__all__ = ["Listing", "ListingError", "Run", "catalogue", "execute", "kernel_listing", "read_listing", "run"]

"""``python -m symce``."""

import sys

from symce.cli.app import main

if __name__ == "__main__":
    sys.exit(main())

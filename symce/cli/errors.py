"""Errors of the command line's own, by the exit status that they lead to."""

from __future__ import annotations


class CannotRun(Exception):
    """A command cannot do what was asked: exit status 2. The message says why, ``remedy`` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        self.remedy = remedy
        super().__init__(f"{message}\n  {remedy}" if remedy else message)


class Fails(Exception):
    """What was asked was tried and does not hold: exit status 1. The message names the loss and the reason."""

"""The commands under one name, their exit statuses, and errors as one message.

0: fine. 1: something differs, is false or fails. 2: it could not run. 130: interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

import symce
from symce.cli import build, check, derive, doctor, handout, listing, new, show, verify
from symce.cli.errors import CannotRun, Fails
from symce.cli.output import tell
from symce.language.errors import LossError

# The ancestor of all errors of usage, whether typer brings click along or needs it installed.
_UsageError: Any = typer.BadParameter.__base__

COMMANDS: tuple[tuple[str, Callable[..., int]], ...] = (
    ("new", new.command),
    ("derive", derive.command),
    ("handout", handout.command),
    ("list", listing.command),
    ("show", show.command),
    ("check", check.command),
    ("verify", verify.command),
    ("build", build.command),
    ("doctor", doctor.command),
)


def application() -> typer.Typer:
    """The commands as a typer application."""
    app = typer.Typer(name="symce", add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

    @app.callback(help="From a loss stated once, as mathematics, to its derivation, its proof and verified kernels.")
    def _options(
        version: Annotated[
            bool,
            typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version),
        ] = False,
    ) -> None:
        pass

    for name, function in COMMANDS:
        app.command(name)(function)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"symce {symce.__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process, and return its exit status.

    Errors of the user's making are one message on standard error; one of symce's own shows its traceback as well.
    """
    previous = _exit_on_termination()
    try:
        status = application()(
            list(arguments) if arguments is not None else None, prog_name="symce", standalone_mode=False
        )
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except BrokenPipeError:
        # whoever read the output has had enough (`| head`): what is left of it goes nowhere, also at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        return _explain(error)
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)
    if status == 130:
        tell("symce: interrupted; every file is whole, as it was or as it should be", "bold")
    return status if isinstance(status, int) else 0


def _explain(error: Exception) -> int:
    """Say what went wrong, and return the exit status that it has."""
    if isinstance(error, _UsageError):
        context = error.ctx
        if not error.format_message().strip():
            return 2  # no command was given, and the help has been printed
        path = context.command_path if context is not None else "symce"
        tell(f"symce: {error.format_message()}\n  See: {path} --help", "red")
        return 2
    if isinstance(error, CannotRun | LossError):
        tell(f"symce: {error}", "red")
        return 2
    if isinstance(error, Fails):
        tell(f"symce: {error}", "red")
        return 1
    if isinstance(error, OSError) and error.filename is not None:
        tell(f"symce: {error.filename}: {error.strerror}", "red")
        return 2
    traceback.print_exception(error)
    tell("symce: this is an error of symce itself; please report it with the lines above", "red")
    return 2


def _exit_on_termination() -> Callable[[int, FrameType | None], object] | int | None:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that temporary files are removed; returns the former handler."""
    if threading.current_thread() is not threading.main_thread():
        return None  # only the main thread may set a handler

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    return signal.signal(signal.SIGTERM, leave)

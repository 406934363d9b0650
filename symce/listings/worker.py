"""The process in which listings run: a script, started by symce.listings.run, that imports the standard library alone.

Reads ``{"path": [...], "files": [[name, file], ...]}`` from standard input and runs the files one after the other until
one fails. The last line of its standard output is the answer, ``{"outputs": {name: text}, "failed": name or null,
"traceback": text}``.
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
import traceback


def main() -> None:
    request = json.load(sys.stdin)
    # after this process's own folders: nothing there can stand in for the standard library or an installed package
    sys.path += [folder for folder in request["path"] if folder not in sys.path]
    answer: dict[str, object] = {"failed": None, "traceback": ""}
    outputs: dict[str, str] = {}
    for name, file in request["files"]:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                runpy.run_path(file, run_name="__main__")
        except (Exception, SystemExit) as error:
            answer |= {"failed": name, "traceback": _from(file, error)}
            break
        outputs[name] = printed.getvalue()
    print("\n" + json.dumps(answer | {"outputs": outputs}))


def _from(file: str, error: BaseException) -> str:
    """The traceback, from the listing's own first line on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


if __name__ == "__main__":
    main()

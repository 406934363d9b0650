"""The command line: each command joins the parts of symce, and does no mathematics of its own.

app.py           the commands under one name, exit statuses, errors as one message
new.py, derive.py, listing.py, show.py, check.py, verify.py, doctor.py    one command each
arguments.py, selection.py, targets.py, folders.py                what the arguments mean
artifacts.py, chapters.py, proof_file.py                          the text of every generated file, in memory
install.py       files into place: whole or not at all, never over a file that symce did not write
compare.py       what is on disk against what is derived
proof_checks.py, reports.py    what a check and a verification found, as tables
output.py        terminal, pipe, JSON
"""

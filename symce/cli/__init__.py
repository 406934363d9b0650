"""The command line: each command joins the parts of symce, and does no mathematics of its own.

app.py         the commands under one name, exit statuses, errors as one message
selection.py   NAME and FILE.toml -> losses
folders.py     where the generated files lie
artifacts.py   losses -> the text of every file, in memory
compare.py     what is on disk against what is derived
install.py     files into place: all or none, never over a file that symce did not write
output.py      terminal, pipe, JSON
derive.py, listing.py, show.py, check.py, verify.py, doctor.py    one command each
"""

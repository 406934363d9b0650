"""Derivations as documents.

letters.py    what every letter means
view.py       what every document shows: numbers, references, assumptions, rules
prose.py      sentences, escaped for each format
latex.py      NAME.tex
markdown.py   NAME.md
terminal.py   plain text

A new format is one module here and, where it has one, one folder in templates/.
"""

"""Derivations and handouts as documents.

letters.py    what every letter means
view.py       what every document shows: numbers, references, assumptions, rules
prose.py      sentences, escaped for each format
latex.py      NAME.tex of a derivation
markdown.py   NAME.md of a derivation
terminal.py   plain text

blocks.py     what a handout is made of; markup.py, notation.py: the marks and letters of its texts
handout_latex.py, beamer.py, tex/, pdf.py       article, slides, PDF
handout_markdown.py, markdown_*.py              MkDocs, GitHub, MyST
handout_notebook.py                             Jupyter
html.py, html_*.py, mathml.py                   one self-contained page
pictures.py   figures as files beside a document

A new format is one module here and, where it has one, one folder in templates/.
"""

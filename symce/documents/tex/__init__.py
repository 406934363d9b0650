"""What the LaTeX documents share, one idea a file.

formulas.py   formulas, broken where a page of a given width needs it
text.py       running text and its marks
code.py       listings: colours, lines that are too long, letters that LaTeX's fonts lack
tables.py     which columns a table has
blocks.py     every block of a handout as what a template prints
"""

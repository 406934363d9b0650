"""What a handout says: text, theorems, figures, listings, in the order of a lecture. How it looks is documents' matter.

options.py    what whoever asks for a handout may choose
notation.py   which letters stand for what
author.py     numbers and labels while a handout is written down, one block after another
losses.py     a handout on chosen losses
chapter/      the chapter on cross-entropy, one file a section
"""

"""Certificates: proofs as Coq files, for every number of classes, made from the JSON of a proof alone.

layout.py        text that is broken into lines
names.py         letters and indices as identifiers of Coq
shapes.py        what kind of thing each letter is
scope.py         what a letter stands for inside a derivative
terms.py         an expression as a term
needs.py         what has to be known of the letters
statement.py     a proof's statement as that of a theorem
tactics.py       which tactic proves a step by which rule
certificate.py   all proofs of a file as one text
theories/        the library that the texts rest on, written by hand

audit.py         what a text may hold, and which axioms
toolchain.py     Coq on this machine
process.py       a program under limits
store.py         what is kept of one run for the next
library.py       the theories compiled
checking.py      certificates given to Coq
places.py        from a line of the text to proof and step
verdict.py       what Coq said
"""

"""examples/byte_pairs.py: text in, the same text out, in pieces of what is frequent."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = st.lists(st.sampled_from([b"low", b"lower", b" newest", b"\n    ", b" widest", b"aaa", b" \xc3\xa4", b"7"])).map(
    b"".join
)


@pytest.fixture(scope="module")
def BytePairs(example):
    return example("byte_pairs").BytePairs


def slow(words, size):
    """The pieces by definition: count everything anew for each of them."""
    cuts = {word: [bytes([b]) for b in word] for word in words}
    pieces = [bytes([b]) for b in range(256)]
    while len(pieces) < size:
        frequency = Counter()
        for word, cut in cuts.items():
            for pair in pairwise(cut):
                frequency[pair] += words[word]
        if not frequency:
            break
        pair = min(frequency, key=lambda p: (-frequency[p], pieces.index(p[0]), pieces.index(p[1])))
        pieces.append(b"".join(pair))
        for word, cut in cuts.items():
            new = []
            while cut:
                many = 2 if tuple(cut[:2]) == pair else 1
                new.append(b"".join(cut[:many]))
                cut = cut[many:]
            cuts[word] = new
    return pieces, cuts


@settings(max_examples=60)
@given(text=TEXT, size=st.integers(256, 290))
def test_the_pieces_are_those_of_the_definition(example, text, size):
    module = example("byte_pairs")
    made = module.BytePairs(text, size)
    words = Counter(module.WORD.findall(text))
    pieces, cuts = slow(words, size)
    assert made.pieces == pieces
    tokens = made.encode(text)
    assert [made.pieces[t] for t in tokens] == [p for word in module.WORD.findall(text) for p in cuts[word]]
    assert made.decode(tokens) == text


@given(text=st.binary(max_size=60))
def test_any_bytes_come_back(BytePairs, text):
    made = BytePairs(text, 300)
    assert made.decode(made.encode(text)) == text
    assert len(made) <= 300


def test_a_size_below_the_bytes_is_refused(BytePairs):
    with pytest.raises(ValueError, match="size: 255; allowed: an integer >= 256"):
        BytePairs(b"text", 255)


def test_a_word_that_was_not_there_is_refused(BytePairs):
    with pytest.raises(ValueError, match="the word b'other' is not in the text"):
        BytePairs(b"text", 256).encode(b"other")

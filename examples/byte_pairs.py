"""Byte pairs: a vocabulary of frequent pieces of words, and a text cut into them.

The scheme of Sennrich et al. 2016 (arXiv 1508.07909) on bytes: begin with the 256 bytes, and again and again make the
most frequent pair of neighbours within a word one token. Words carry the space before them; no token reaches over two.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from itertools import pairwise

Pair = tuple[int, int]
WORD = re.compile(rb" ?[A-Za-z_]+| ?[0-9]+| ?[^\sA-Za-z_0-9]+|\s+")


class BytePairs:
    """The pieces that a text has, ``size`` at most (a short text has fewer).

    ``pieces`` holds the bytes of every token. Raises ValueError for a size below 256, the bytes themselves.
    """

    def __init__(self, text: bytes, size: int) -> None:
        if size < 256:
            raise ValueError(f"size: {size}; allowed: an integer >= 256, since every byte is a token")
        self.pieces = [bytes([b]) for b in range(256)]
        counts = Counter(WORD.findall(text))
        words, cuts = list(counts), [list(word) for word in counts]
        self._merge(cuts, [counts[word] for word in words], size)
        self._cut = dict(zip(words, cuts, strict=True))

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: bytes) -> list[int]:
        """The tokens of the text that the pieces were made from, or of another one made of the same words.

        Raises ValueError for a word that the text did not have.
        """
        tokens: list[int] = []
        for word in WORD.findall(text):
            if word not in self._cut:
                raise ValueError(f"the word {word!r} is not in the text that the pieces were made from: make them anew")
            tokens += self._cut[word]
        return tokens

    def decode(self, tokens: list[int]) -> bytes:
        """The text of tokens."""
        return b"".join(self.pieces[token] for token in tokens)

    def _merge(self, cuts: list[list[int]], counts: list[int], size: int) -> None:
        """Join the most frequent pair, the one of smallest tokens among equals, until there are ``size`` pieces."""
        frequency: Counter[Pair] = Counter()
        where: defaultdict[Pair, set[int]] = defaultdict(set)
        for n, cut in enumerate(cuts):
            for pair in pairwise(cut):
                frequency[pair] += counts[n]
                where[pair].add(n)
        heap = [(-many, pair) for pair, many in frequency.items()]
        heapq.heapify(heap)
        while heap and len(self.pieces) < size:
            many, pair = heapq.heappop(heap)
            if -many != frequency[pair]:  # an entry from before other pairs were joined; the current one comes later
                continue
            if not many:  # every word is one token
                break
            token = len(self.pieces)
            self.pieces.append(self.pieces[pair[0]] + self.pieces[pair[1]])
            changed: set[Pair] = set()
            for n in where.pop(pair):
                before, cuts[n] = cuts[n], joined(cuts[n], pair, token)
                for sign, cut in ((-1, before), (1, cuts[n])):
                    for other in pairwise(cut):
                        frequency[other] += sign * counts[n]
                        changed.add(other)
                        if sign == 1:
                            where[other].add(n)
            for other in changed:
                heapq.heappush(heap, (-frequency[other], other))


def joined(cut: list[int], pair: Pair, token: int) -> list[int]:
    """The tokens of a word with every occurrence of a pair, from the left, made one token."""
    new: list[int] = []
    n = 0
    while n < len(cut):
        if tuple(cut[n : n + 2]) == pair:
            new.append(token)
            n += 2
        else:
            new.append(cut[n])
            n += 1
    return new

"""Where each value of a TOML file stands, which ``tomllib`` does not say.

The text is valid TOML: ``tomllib`` has read it before, so that only the borders of tokens are looked for here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: A string, its quotes longest first.
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|' r"'''.*?'{3,5}(?!')|" r'"(?:[^"\\]|\\.)*"|' r"'[^']*'", re.DOTALL
)
_PLAIN = re.compile(r"[^,\]}\n#]+")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")

Path = tuple[str, ...]


@dataclass
class Places:
    """Offsets in a text by the path of a key, such as ("loss", "value").

    ``keys`` holds that of each key and of each table's header; ``values`` that of each value, which for a string is
    its first character, after the quotes (and the line break that opens a string of several lines). Elements of arrays
    are left out, and so are keys with escapes in them.
    """

    keys: dict[Path, int] = field(default_factory=dict)
    values: dict[Path, int] = field(default_factory=dict)


def places(text: str) -> Places:
    """Where the keys and values of a TOML text stand."""
    return _Scanner(text).document()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found = Places()

    def document(self) -> Places:
        table: Path = ()
        self.space()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                start = self.at
                brackets = 2 if self.text.startswith("[[", start) else 1  # two: an entry of an array of tables
                self.at += brackets
                table = self.key()
                self.at += brackets
                self.found.keys.setdefault(table, start)
            else:
                self.pair(table)
            self.space()
        return self.found

    def pair(self, table: Path) -> None:
        self.space()
        start = self.at
        path = (*table, *self.key())
        self.found.keys[path] = start
        self.skip("=")
        self.value(path)

    def key(self) -> Path:
        """The parts of a key, dots between them."""
        parts = []
        while True:
            self.space()
            quoted = _STRING.match(self.text, self.at)
            match = quoted or _BARE.match(self.text, self.at)
            assert match is not None, "the text is not TOML"
            parts.append(match.group()[1:-1] if quoted else match.group())
            self.at = match.end()
            self.space()
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def value(self, path: Path | None) -> None:
        """Go past a value; None: it is an element of an array, and has no path."""
        self.space()
        start = self.at
        if self.text[start] == "{":
            self.skip("{")
            while not self.text.startswith("}", self.at):
                if path is None:
                    self.key()
                    self.skip("=")
                    self.value(None)
                else:
                    self.pair(path)
                self.skip(",")
            self.at += 1
        elif self.text[start] == "[":
            self.at += 1
            self.space()
            while self.text[self.at] != "]":
                self.value(None)
                self.skip(",")
            self.at += 1
        elif string := _STRING.match(self.text, start):
            self.at = string.end()
            quotes = 3 if string.group().startswith(('"""', "'''")) else 1
            start += quotes
            start += 1 if quotes == 3 and self.text.startswith("\n", start) else 0
        else:
            plain = _PLAIN.match(self.text, start)
            assert plain is not None, "the text is not TOML"
            self.at = plain.end()
        if path is not None:
            self.found.values[path] = start

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None  # it may match nothing
        self.at = match.end()

    def skip(self, mark: str) -> None:
        """Go past one ``mark``, if it is here, and the white space around it."""
        self.space()
        if self.text.startswith(mark, self.at):
            self.at += 1
        self.space()

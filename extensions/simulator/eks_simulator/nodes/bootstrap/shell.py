# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of a shell as the scripts in user data need: variables, arrays, quotes, files that are read in. Nothing is
run: a command is shown to the one who reads, and what it would print is not known. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_ASSIGNMENT = re.compile(r"(?:export\s+|readonly\s+|local\s+)?([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL)
_GUARD = re.compile(r'\[\[?\s+-([nz])\s+("[^"]*"|\S+)\s+\]\]?\s+&&\s+(.*)', re.DOTALL)
_BARE = re.compile(r"[^\s'\"\\$]+")
_IN_QUOTES = re.compile(r'[^"\\$]+')
_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?:\[[@*]\])?(?::?-([^}]*))?\}|([A-Za-z_]\w*))")
_SUBSTITUTION = re.compile(r"\$\(([^()]|\([^()]*\))*\)")


@dataclass
class Shell:
    """A shell with the `files` of a machine, by path. What commands get is in `commands`, in order, as words."""

    files: Mapping[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)
    _depth: int = 0

    def run(self, script: str) -> None:
        """Go through a script from top to bottom, whatever its conditions and loops say."""
        for line in re.sub(r"\\\r?\n", " ", script).splitlines():
            self._line(line.strip())

    def execute(self, words: list[str]) -> None:
        """A command: a script among the files is gone through, with or without the name of its shell."""
        path = next((word for word in words[:2] if word in self.files), None)
        if path is not None and self._depth < 8:
            self._depth += 1
            self.run(self.files[path])
            self._depth -= 1
        elif words:
            self.commands.append(words)

    def _line(self, line: str) -> None:
        if not line or line.startswith("#"):
            return
        guard = _GUARD.fullmatch(line)
        if guard:
            text = " ".join(self.words(guard[2]))
            if bool(text) == (guard[1] == "n"):
                self._line(guard[3])
            return
        assignment = _ASSIGNMENT.fullmatch(line)
        if assignment and not self._is_environment(assignment[3]):
            self._assign(*assignment.groups())
            return
        words = list(self.words(line))
        if words and words[0] in ("source", "."):
            words = words[1:]
        while words and (words[0] in ("sudo", "exec", "then", "else", "do", "&&") or _ASSIGNMENT.fullmatch(words[0])):
            words = words[1:]
        self.execute(words)

    def _is_environment(self, value: str) -> bool:
        """Whether more follows than the value of one variable: a command that is run with it."""
        return not value.startswith("(") and len(list(self.words(value))) > 1

    def _assign(self, name: str, adds: str, value: str) -> None:
        text = " ".join(self.words(value.strip()[1:-1] if value.startswith("(") else value))
        before = self.variables.get(name, "") if adds else ""
        self.variables[name] = f"{before} {text}".strip() if value.startswith("(") else before + text

    def words(self, line: str) -> Iterator[str]:
        """The words of a line: quotes taken off, variables filled in, a comment left out."""
        word: list[str] | None = None
        at = 0
        while at < len(line):
            sign = line[at]
            if sign.isspace() or (sign == "#" and word is None):
                if word is not None:
                    yield "".join(word)
                    word = None
                if sign == "#":
                    return
                at += 1
                continue
            text, at = self._piece(line, at)
            word = [*(word or ()), text]
        if word is not None:
            yield "".join(word)

    def _piece(self, line: str, at: int) -> tuple[str, int]:
        """A piece of a word, and where it ends."""
        sign = line[at]
        if sign == "'":
            end = line.find("'", at + 1)
            end = len(line) if end < 0 else end
            return line[at + 1 : end], end + 1
        if sign == '"':
            return self._quoted(line, at + 1)
        if sign == "\\":
            return line[at + 1 : at + 2], at + 2
        if sign == "$":
            return self._expanded(line, at)
        bare = _BARE.match(line, at)
        return (bare[0], bare.end()) if bare else (sign, at + 1)

    def _quoted(self, line: str, at: int) -> tuple[str, int]:
        pieces: list[str] = []
        while at < len(line) and line[at] != '"':
            plain = _IN_QUOTES.match(line, at)
            if plain:
                text, at = plain[0], plain.end()
            elif line[at] == "$":
                text, at = self._expanded(line, at)
            else:
                following = line[at + 1 : at + 2]
                text, at = (following if following in ('"', "\\", "$", "`") else line[at : at + 2]), at + 2
            pieces.append(text)
        return "".join(pieces), at + 1

    def _expanded(self, line: str, at: int) -> tuple[str, int]:
        """A variable's value, or its default; nothing for what a command would have printed."""
        printed = _SUBSTITUTION.match(line, at)
        if printed:
            return "", printed.end()
        reference = _REFERENCE.match(line, at)
        if not reference:
            return "$", at + 1
        value = self.variables.get(reference[1] or reference[3], "") or " ".join(self.words(reference[2] or ""))
        return value, reference.end()

"""Rules of plain English as word lists: phrases with advice, first words by kind of text, the length of a sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from prose.texts import Text

_SENTENCE_END: Final = re.compile(r"(?:(?<=[^\s.][^\s.][.!?])|(?<=\d [a-z][.!?])|(?<=[\d)][.!?]))[)\"*]*\s+")
"""Full stop after two characters of a word, so that "e.g." ends no sentence, or after a unit (12 s), digit or bracket."""
_WORD: Final = re.compile(r"\S*\w\S*")
_BLOCK_END: Final = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*|#>]|\d+\.) ?)|:\n")


class Finding(NamedTuple):
    """A place that breaks a rule, and the advice."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Patterns of phrases with their advice, first words by kind of text, and the longest sentence in words."""

    phrases: tuple[tuple[re.Pattern[str], str], ...]
    first_words: dict[str, frozenset[str]]
    sentence_words: int

    @classmethod
    def read(cls, path: Path) -> Rules:
        """The rules of a TOML file with the tables `limits`, `first_words` and `phrases`."""
        content = tomllib.loads(path.read_text())
        return cls(
            phrases=tuple((_pattern(phrase), advice) for phrase, advice in content["phrases"].items()),
            first_words={kind: frozenset(words) for kind, words in content["first_words"].items()},
            sentence_words=content["limits"]["sentence_words"],
        )

    def check(self, text: Text) -> Iterator[Finding]:
        """All findings of one text."""
        for pattern, advice in self.phrases:
            for match in pattern.finditer(text.text):
                words = " ".join(match[0].split())
                yield Finding(_line_at(text, match.start()), f'"{words}": write {advice}')
        first = re.match(r"\W*(\w+)", text.text)
        if first is not None and first[1] in self.first_words.get(text.kind, ()):
            yield Finding(text.line, f'a {text.kind} must not begin with "{first[1]}": begin with the noun or the verb')
        yield from self._long_sentences(text)

    def _long_sentences(self, text: Text) -> Iterator[Finding]:
        """Sentences with too many words; a table has none, and an item of a list is text of its own."""
        for begin, block in _blocks(text.text):
            if block.lstrip().startswith("|"):
                continue
            for at, sentence in _sentences(block):
                words = len(_WORD.findall(sentence))
                if words > self.sentence_words:
                    start = " ".join(sentence.split()[:6])
                    message = f'a sentence of {words} words, at most {self.sentence_words}: "{start} ..."'
                    yield Finding(_line_at(text, begin + at), message)


def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{phrase})\b".replace(" ", r"\s+"), re.IGNORECASE)


def _line_at(text: Text, position: int) -> int:
    return text.line + text.text[:position].count("\n")


def _blocks(prose: str) -> Iterator[tuple[int, str]]:
    """Paragraphs, items and rows, each with its position."""
    begin = 0
    for end in [*(match.end() for match in _BLOCK_END.finditer(prose)), len(prose)]:
        yield begin, prose[begin:end]
        begin = end


def _sentences(block: str) -> Iterator[tuple[int, str]]:
    begin = 0
    for match in [*_SENTENCE_END.finditer(block), None]:
        end = match.end() if match is not None else len(block)
        sentence = block[begin:end]
        yield begin + len(sentence) - len(sentence.lstrip()), sentence.strip()
        begin = end

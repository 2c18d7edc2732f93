"""The arguments of `rrcli redis` told apart: the servers that are named, and the words of the command."""

from __future__ import annotations

from rrcli.base.url import is_place


def split_words(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The servers that are named before the command, and the words of the command."""
    count = next((at for at, word in enumerate(words) if not is_place(word)), len(words))
    return list(words[:count]), list(words[count:])

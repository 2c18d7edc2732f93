"""The arguments of `rrcli redis` told apart: the servers that are named, and the words of the command."""

from __future__ import annotations

from rrcli.base.url import is_place


def split_words(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The servers that are named before the command, and the words of the command."""
    count = next((at for at, word in enumerate(words) if not is_place(word)), len(words))
    return list(words[:count]), list(words[count:])


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the mask in the place of passwords, in the URLs and in the command."""
    import os

    from rrcli.adapters.redis.commands import secrets_in
    from rrcli.base.fields import MASK
    from rrcli.policy.secrets import mask_url

    places, command = split_words(words)
    shown = list(command)
    if command:
        plain = [word.strip("\"'") for word in command]  # the quotes of --quoted-input
        for at, secret in secrets_in([os.fsencode(word) for word in plain]).items():
            shown[at] = plain[at].removesuffix(os.fsdecode(secret)) + MASK
    return (*map(mask_url, places), *shown)


def keyed(words: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The servers, and the command under a key of its own; without a server the command alone."""
    places, command = split_words(words)
    return (tuple(places), {"args": command} if command else {}) if places else (tuple(command), {})

"""Words of an HTTP request as they may be shown: the mask in the place of the secrets that their names tell.

Each function for an option takes its flag and its word, as `Option.secret` has it.
"""

from __future__ import annotations

from rrcli.adapters.http.prepare.items import split_item
from rrcli.adapters.http.prepare.target import split_words
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import MASK, is_secret_name
from rrcli.base.url import unquote
from rrcli.policy.secrets import mask_field, mask_url


def header(_flag: str, text: str) -> str:
    """A field `Name: value`; @FILE and what has no value stays."""
    name, colon, value = text.partition(":")
    plain = value.lstrip(" ")
    return f"{name}{colon}{value[: len(value) - len(plain)]}{mask_field(name.strip(), plain)}"


def cookies(_flag: str, text: str) -> str:
    """The values of cookies; a word without = is a file's name."""
    return mask_field("Cookie", text) if "=" in text else text


def user(_flag: str, text: str) -> str:
    """The password behind the user's name."""
    name, colon, password = text.partition(":")
    return f"{name}{colon}{password and MASK}"


def data(_flag: str, text: str) -> str:
    """The secret members of JSON, or the secret fields of a form."""
    if text.startswith("@"):
        return text
    shown = json("", text)
    return shown if shown != text else "&".join([_pair(part) for part in text.split("&")])


def part(_flag: str, text: str) -> str:
    """The value of a secret part of a form; a file's name stays."""
    return text if text.partition("=")[2][:1] in ("@", "<") else _pair(text)


def json(_flag: str, text: str) -> str:
    """JSON with its secret members masked; what is none, as @FILE, stays."""
    return _masked(text)


def json_texts(_flag: str, text: str) -> str:
    """JSON with every text masked: all of it may be a credential."""
    return _masked(text, all_texts=True)


def arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """Method, URL and items, with what the URL and the items have of secrets masked."""
    try:
        method, address, items = split_words(words)
    except ExchangeError:
        return words
    return (*([method] if method else ()), url(address), *map(item, items))


def url(text: str) -> str:
    """A URL, which may be without its scheme, without password, token and secret parameters."""
    if "://" in text:
        return mask_url(text)
    return mask_url(f"http://{text}").removeprefix("http://")


def item(word: str) -> str:
    """One item: the value of a secret name is masked, but not the name of a file with it."""
    try:
        found = split_item(word)
    except ExchangeError:
        return word
    if "@" in found.separator or not word.endswith(found.value):
        return word if "@" in found.separator or not is_secret_name(found.name) else f"{found.name}{found.separator}{MASK}"
    start = word[: len(word) - len(found.value)]
    if found.separator == ":":
        return start + mask_field(found.name, found.value)
    if _is_secret(found.name):
        return start + (found.value and MASK)
    return start + json("", found.value) if found.separator == ":=" else word


def _is_secret(name: str) -> bool:
    """Whether a field is one, also as the last member of a path: `user[password]`."""
    return is_secret_name(name.rstrip("]").rpartition("[")[2])


def _pair(text: str) -> str:
    name, equals, value = text.partition("=")
    return f"{name}{equals}{MASK}" if value and _is_secret(unquote(name)) else text


def _masked(text: str, *, all_texts: bool = False) -> str:
    if text.lstrip()[:1] not in ("{", "["):
        return text
    from rrcli.adapters.http.shownjson import masked

    return masked(text, all_texts=all_texts)

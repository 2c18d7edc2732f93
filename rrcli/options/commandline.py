"""The command line of a request: the words that send it again, the inverse of what the parsers read."""

from __future__ import annotations

from rrcli.base.fields import MASK
from rrcli.base.url import begins_data
from rrcli.options.parse import digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.options.option import Option
    from rrcli.options.request import Request

    Words = tuple[str, ...]


LONGEST_WORD = (128 << 10) - 1  # bytes of one argument of a program, on Linux


def command_of(name: str, request: Request, *, options_end: bool = False) -> Words | None:
    """The words behind `rrcli` that make this request: the protocol's name, options in their long spelling, arguments.

    `None` where no words say it: a field that is no option was given, or a value that no word stands for or is too long for one.
    With `options_end`
    the protocol reads options up to the first word of data. The words are true; `shown_command` has them masked.
    """
    try:
        options = [word for declared, flag, text in given_options(request) for word in _spelled(declared, flag, text)]
    except ValueError:
        return None
    return (name, *options, *_arguments(request, request.arguments, options_end=options_end))


def shown_command(name: str, request: Request, *, options_end: bool = False) -> Words | None:
    """The same words with the mask in the place of each secret that its option or its place among the arguments tells."""
    try:
        given = given_options(request)
        options = [word for declared, flag, text in given for word in _spelled(declared, flag, shown_text(declared, flag, text))]
    except ValueError:
        return None
    return (name, *options, *_arguments(request, shown_arguments(request), options_end=options_end))


def shown_arguments(request: Request) -> Words:
    """The arguments with the mask in the place of each secret that its place among them tells."""
    if not request.shown_arguments or all(map(_is_plain, request.arguments)):
        return request.arguments
    shown: Words = _function(request.shown_arguments)(request.arguments)
    return shown


def text_of(declared: Option, value: Any, longest: float = LONGEST_WORD) -> str:
    """The word from which the option reads this value; of a step, the word behind its flag. Raises `ValueError`."""
    content = value[1] if declared.kind == "steps" else value
    if isinstance(content, (str, bytes)) and len(content) > longest:
        raise ValueError(f"{declared.flag} has more than fits into a word")
    if declared.write:
        return declared.write(value)
    if declared.kind == "steps":
        _, value = value
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return digits(value)
    raise ValueError(f"no word of {declared.flag} stands for {value!r}")


def given_options(request: Request, longest: float = LONGEST_WORD) -> Iterator[tuple[Option, str, str | None]]:
    """Each option that was given: its declaration, the flag and the word for its value, none of a flag.

    Raises `ValueError` where there is none, or one of more than `longest` bytes.
    """
    for name, value in request.__dict__.items():
        declared = request.options_.get(name)
        if name == "arguments" or name in request.wordless or value == getattr(type(request), name):
            continue
        if declared is None:
            raise ValueError(f"{name} is no option")
        if declared.kind == "flag":
            if value is not True:
                raise ValueError(f"no word turns {declared.flag} off")
            yield declared, declared.flag, None
        elif declared.kind == "many":
            for each in value:
                yield declared, declared.flag, text_of(declared, each, longest)
        elif declared.kind == "steps":
            for step in value:
                if step[0] not in declared.flags:
                    raise ValueError(f"{step[0]} is no flag of {name}")
                yield declared, step[0], text_of(declared, step, longest)
        elif declared.kind == "optional" and value == declared.parse(declared.bare):
            yield declared, declared.flag, None
        else:
            yield declared, declared.flag, text_of(declared, value, longest)


def _spelled(declared: Option, flag: str, text: str | None) -> Words:
    """The words of one option. A value is joined where it could be taken for an option, or must be."""
    if text is None:
        return (flag,)
    if declared.kind == "optional" or (text[:1] == "-" and flag[:2] == "--"):
        return (f"{flag}={text}",)
    return flag, text


def _arguments(request: Request, arguments: Words, *, options_end: bool) -> Words:
    """The arguments, behind `--` where one of them would be read as an option."""
    for number, word in enumerate(arguments):
        if word[:1] == "-" and word != "-":
            return ("--", *arguments)
        if options_end and begins_data(word, number, place_first=request.place_first):
            break
    return arguments


def reads_stdin(request: Request) -> bool:
    """Whether the request takes something from standard input: `-` and `@-` ask for that on every command."""
    if request.stdin:
        return True
    given = (value for name, value in request.__dict__.items() if name not in ("arguments", *request.written))
    return any(_names_stdin(value, ("-", "@-")) for value in given) or _names_stdin(request.arguments, ("@-",))


def _names_stdin(value: object, ends: Words) -> bool:
    if isinstance(value, tuple):
        return any(_names_stdin(part, ends) for part in value)
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return isinstance(text, str) and (text in ends or text.endswith(("@-", "<-")))


# --- secrets


def _is_plain(word: str) -> bool:
    """Whether there is no place for a secret in a word: letters and digits, or a URL with its scheme, without user and parameters."""
    return word.partition("://")[0].isalnum() and "@" not in word and "?" not in word


def shown_text(declared: Option, flag: str, text: str | None) -> str | None:
    """The word of an option with the mask in the place of each secret that its option tells."""
    return text if text is None or not declared.secret else _function(declared.secret)(flag, text)


def _function(place: str) -> Callable[..., Any]:
    """The function that `MODULE:FUNCTION` names."""
    module, _, function = place.partition(":")
    found: Callable[..., Any] = getattr(__import__(module, fromlist=[function]), function)
    return found


def hidden(_flag: str, text: str) -> str:
    """The mask: the whole value is a secret, where there is one."""
    return text and MASK


def proxy_shown(_flag: str, text: str) -> str:
    """The URL of a proxy without its password, or without a user that stands alone, which is a token."""
    userinfo, at, rest = text.rpartition("@")
    if not at:
        return text
    scheme, slashes, pair = userinfo.rpartition("://")
    user, colon, _ = pair.partition(":")
    return f"{scheme}{slashes}{user}:{MASK}@{rest}" if colon else f"{scheme}{slashes}{MASK}@{rest}"

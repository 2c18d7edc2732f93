"""Places within a JSON value: the path to one as jq and JMESPath both read it, and patterns of paths, as `--ignore` takes them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Step = str | int  # a name, or a number in a list
    Steps = tuple[Step, ...]

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
NAME = LETTERS | frozenset("0123456789")  # of a name that needs no quotes
WRITTEN = NAME | frozenset("-*")  # of a name in a pattern, which is lenient
EVERY = "*"
LONGEST = 18  # digits of a number in a list


def path_text(steps: Steps) -> str:
    """`response.body.json.items[0]."content-type"`."""
    found = ""
    for step in steps:
        if isinstance(step, int):
            found += f"[{step}]"
        else:
            found += f"{'.' if found else ''}{step if _is_name(step) else _quoted(step)}"
    return found


def _is_name(text: str) -> bool:
    return bool(text) and text[0] in LETTERS and NAME.issuperset(text)


def _quoted(text: str) -> str:
    from _json import encode_basestring

    return encode_basestring(text)


class Pattern:
    """Paths that begin alike: `a.b[*].c`, `a.*`, `a."b c"[0]`. It matches what it names, and all within that.

    Raises `ValueError` for anything else that JMESPath knows: what is compared has no filters and no functions.
    """

    __slots__ = ("steps", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps = tuple(_steps_of(text))

    def matches(self, steps: Steps) -> bool:
        """Whether a place is one of these."""
        return len(steps) >= len(self.steps) and all(_fits(wanted, step) for wanted, step in zip(self.steps, steps, strict=False))


def _fits(wanted: Step, step: Step) -> bool:
    if wanted == EVERY:
        return True
    if isinstance(wanted, str) and wanted[:1] == EVERY and isinstance(step, str):
        return step.endswith(wanted[1:])
    return type(wanted) is type(step) and wanted == step


def _steps_of(text: str) -> list[Step]:
    steps: list[Step] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            step, at = _in_brackets(text, at)
        else:
            if steps and text[at] != ".":
                raise _wrong(text)
            step, at = _named(text, at + 1 if steps else at)
        steps.append(step)
    if not steps:
        raise _wrong(text)
    return steps


def _in_brackets(text: str, at: int) -> tuple[Step, int]:
    end = text.find("]", at)
    inside = text[at + 1 : end]
    if end < 0:
        raise _wrong(text)
    if inside in ("", EVERY):
        return EVERY, end + 1
    if not (inside.isascii() and inside.isdecimal()) or len(inside) > LONGEST:
        raise _wrong(text)
    return int(inside), end + 1


def _named(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] == '"':
        from _json import scanstring

        try:
            return scanstring(text, at + 1, True)
        except (ValueError, StopIteration, SystemError):  # the C function fails oddly while `json.decoder` is not loaded
            raise _wrong(text) from None
    end = at
    while end < len(text) and text[end] in WRITTEN:
        end += 1
    name = text[at:end]
    if not name or EVERY in name[1:]:
        raise _wrong(text)
    return name, end


def _wrong(text: str) -> ValueError:
    return ValueError(f'{text!r} is no path to ignore: write names, [N] and [*], as json.items[*].at or header."x-id"')

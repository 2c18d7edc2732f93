"""Options: declared once, and the words of a command line as values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.options import request
from rrcli.options.option import Optioned, option
from rrcli.options.parse import LONGEST, connect_rule, count, duration, one_of, resolve_rule, size
from rrcli.options.request import Output, Request


class Sample(Optioned):
    loud: bool = option("-l", "--loud", kind="flag", help="Louder.")
    name: str = option("--name", default="ann", help="A name.")
    tags: tuple[str, ...] = option("--tag", kind="many", help="Tags.")
    plain: int = 3


def test_an_option_is_a_field_with_its_default() -> None:
    sample = Sample(name="bob")
    assert (sample.loud, sample.name, sample.tags, sample.plain) == (False, "bob", (), 3)
    assert Sample.fields_ == ("loud", "name", "tags", "plain")
    assert list(Sample.options_) == ["loud", "name", "tags"]
    assert [declared.name for declared in Sample.options_.values()] == ["loud", "name", "tags"]


def test_a_subclass_adds_to_the_options_of_its_base() -> None:
    class More(Sample):
        extra: str | None = option("--extra", help="More.")

    assert (list(More.options_), list(Sample.options_)) == (["loud", "name", "tags", "extra"], ["loud", "name", "tags"])


class Colours(Optioned):
    paint: str = option("--paint", default="red", help="Paint.")
    name: str = option("--colour-name", default="crimson", help="The colour's name.")


def test_options_of_several_bases_are_all_there_in_the_order_the_class_names_them() -> None:
    class Both(Sample, Colours):
        last: int | None = option("--last", parse=count, help="Last.")

    class Turned(Colours, Sample):
        pass

    assert list(Both.options_) == ["loud", "name", "tags", "paint", "last"]
    assert Both.fields_ == ("loud", "name", "tags", "plain", "paint", "last")
    assert list(Turned.options_) == ["paint", "name", "loud", "tags"]
    assert (list(Sample.options_), list(Colours.options_)) == (["loud", "name", "tags"], ["paint", "name"])


def test_of_two_options_of_one_field_the_one_holds_whose_default_the_field_has() -> None:
    class Both(Sample, Colours):
        pass

    class Turned(Colours, Sample):
        pass

    class Own(Turned):
        name: str = option("--own", default="me", help="Its own.")

    assert (Both.options_["name"].flags, Both().name) == (("--name",), "ann")
    assert (Turned.options_["name"].flags, Turned().name) == (("--colour-name",), "crimson")
    assert (Own.options_["name"].flags, Own().name, list(Own.options_)) == (("--own",), "me", ["paint", "name", "loud", "tags"])


def test_an_override_below_a_common_base_holds_whichever_side_it_comes_from() -> None:
    class Quiet(Sample):
        loud: bool = option("--not-so-loud", kind="flag", default=True, help="Quieter.")

    class Plain(Sample):
        pass

    class Both(Plain, Quiet):
        pass

    assert (Both.options_["loud"].flags, Both().loud) == (("--not-so-loud",), True)


def test_words_of_a_request_are_positional() -> None:
    assert Request("a", "b", timeout=1.0) == Request(arguments=("a", "b"), timeout=1.0)
    assert Request().arguments == ()


def test_no_flag_is_declared_twice() -> None:
    declared = [flag for of in (Output, Request) for one in of.options_.values() for flag in one.flags]
    assert len(declared) == len(set(declared))


@pytest.mark.parametrize("declared", [*Output.options_.values(), *Request.options_.values()], ids=lambda declared: declared.name)
def test_every_shared_option_has_a_group_and_a_sentence(declared: request.Option) -> None:
    assert declared.group
    assert declared.help.endswith((".", "]", "'json.id exists'.", "expression."))
    assert declared.choices == () or all(declared.parse(choice) == choice for choice in declared.choices)


READ: list[tuple[Callable[[str], Any], str, Any]] = [
    (duration, "250ms", 0.25),
    (duration, "3s", 3.0),
    (duration, "1m", 60.0),
    (duration, "1.5h", 5400.0),
    (duration, "2", 2.0),
    (duration, "0", 0.0),
    (duration, ".5", 0.5),
    (duration, "5MS", 0.005),
    (duration, "576h", LONGEST),
    (size, "0", 0),
    (size, "10", 10),
    (size, "10b", 10),
    (size, "10k", 10_000),
    (size, "64KiB", 65_536),
    (size, "64MiB", 67_108_864),
    (size, "1.5GB", 1_500_000_000),
    (count, "0", 0),
    (count, "007", 7),
    (resolve_rule, "Example.test:80:127.0.0.1", ("example.test", 80, "127.0.0.1")),
    (resolve_rule, "a:443:[::1]", ("a", 443, "::1")),
    (resolve_rule, "*:443:::1", ("*", 443, "::1")),
    (connect_rule, "A:80:b:81", ("a", 80, "b", 81)),
    (connect_rule, ":::", ("", None, "", None)),
    (connect_rule, "[::1]:80:[fe80::2]:", ("::1", 80, "fe80::2", None)),
    (one_of("json", "raw"), "raw", "raw"),
]


@pytest.mark.parametrize(("parse", "text", "value"), READ)
def test_words_are_read(parse: Callable[[str], Any], text: str, value: Any) -> None:
    assert parse(text) == value


NO_DURATION = "{!r} is no duration; write 250ms, 3s, 1m or bare seconds"
NO_SIZE = "{!r} is no size; write a number of bytes, or 64KiB, 10MB, 1GiB"
REFUSED: list[tuple[Callable[[str], Any], str, str]] = [
    *[(duration, text, NO_DURATION) for text in ("", "s", "-1s", "1.2.3", ".", "3 s", "1d", "1e3", "nan", "inf", "٣s", "9" * 400)],
    *[(size, text, NO_SIZE) for text in ("", "k", "-1", "1TB", "1 k", "0x10", "9" * 400)],
    (duration, "577h", "{!r} is longer than 576h; 0 means no limit"),
    *[(count, text, "{!r} is no whole number") for text in ("", "-1", "1.0", "²", "٣", "9" * 19)],
    *[(resolve_rule, text, "{!r} is not HOST:PORT:ADDRESS") for text in ("", "a", "a:80", "a:80:", ":80:b", "a:b:c", "a:65536:b", "a:٣:b")],
    *[(connect_rule, text, "{!r} is not HOST1:PORT1:HOST2:PORT2") for text in ("", "a:80:b", "a:80:b:81:c", "a:x:b:1", "a:1:b:65536")],
    (one_of("json", "raw"), "rwa", "{!r} is not one of json, raw; did you mean raw?"),
    (one_of("json", "raw"), "zzz", "{!r} is not one of json, raw"),
]


@pytest.mark.parametrize(("parse", "text", "message"), REFUSED)
def test_wrong_words_are_explained(parse: Callable[[str], Any], text: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # the whole message is compared
        parse(text)
    assert str(raised.value) == message.format(text)


@pytest.mark.parametrize("parse", [duration, size, count, resolve_rule, connect_rule, one_of("a", "b")])
@given(text=st.text(max_size=40) | st.text("0123456789.kKmMgibshx:[]", max_size=40))
def test_any_word_is_read_or_refused(parse: Callable[[str], Any], text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017  # it need not be raised

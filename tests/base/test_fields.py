"""Fields are found by their names, without regard to case, in the order in which they stand."""

from __future__ import annotations

from rrcli.base.fields import all_of, first

FIELDS = (("Set-Cookie", "a=1"), ("Date", "today"), ("set-cookie", "b=2"), ("X-Empty", ""))


def test_the_first_of_a_name_is_found_in_any_case() -> None:
    assert (first(FIELDS, "set-cookie"), first(FIELDS, "DATE"), first(FIELDS, "x-empty")) == ("a=1", "today", "")


def test_a_name_that_is_not_there_is_none() -> None:
    assert (first(FIELDS, "cookie"), first((), "date"), all_of(FIELDS, "cookie")) == (None, None, [])


def test_all_of_a_name_keep_their_order() -> None:
    assert all_of(FIELDS, "SET-cookie") == ["a=1", "b=2"]

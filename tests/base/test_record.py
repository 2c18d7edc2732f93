"""Records: frozen, built with keywords, equal by value."""

from __future__ import annotations

import copy
import pickle
from typing import ClassVar

import pytest

from rrcli.base.record import Record


class Point(Record):
    scale: ClassVar[int] = 7
    x: int
    y: int = 0


class Sized(Record):
    size: int
    unit: str = "px"


class Constants:
    """No record: what stands here can be read and is no field."""

    depth: int = 1
    unit: str = "none"


class Named(Point):
    name: str = "origin"
    y: int = 5  # a default of its own; the field keeps its place


def test_fields_are_those_of_the_bases_and_then_its_own() -> None:
    assert (Point.fields_, Point.required_) == (("x", "y"), frozenset({"x"}))
    assert (Named.fields_, Named.required_) == (("x", "y", "name"), frozenset({"x"}))


def test_fields_of_several_bases_stand_in_the_order_the_class_names_them() -> None:
    class Box(Named, Sized):
        lid: bool = False

    assert Box.fields_ == ("x", "y", "name", "size", "unit", "lid")
    assert Box.required_ == {"x", "size"}
    assert Box(x=1, size=2) == Box(x=1, y=5, name="origin", size=2, unit="px", lid=False)


def test_of_two_bases_the_first_gives_the_default_and_a_default_makes_a_field_optional() -> None:
    class Square(Record):
        unit: str = "cm"
        size: int = 1

    class Of(Square, Sized):
        pass

    class Fixed(Point):
        x: int = 4

    assert (Of.fields_, Of.required_, Of().unit, Of().size) == (("unit", "size"), frozenset(), "cm", 1)
    assert (Fixed.required_, Fixed().x) == (frozenset(), 4)


def test_a_field_that_bases_share_through_a_common_one_is_there_once() -> None:
    class Moved(Point):
        y: int = 9

    class Both(Named, Moved):
        pass

    assert (Both.fields_, Both(x=1).y) == (("x", "y", "name"), 5)


def test_what_a_base_that_is_no_record_has_can_be_read_and_not_given() -> None:
    class Deep(Sized, Constants):
        pass

    assert (Deep.fields_, Deep(size=1).depth, Deep(size=1).unit) == (("size", "unit"), 1, "px")
    with pytest.raises(TypeError, match="^Deep has no field depth$"):
        Deep(size=1, depth=2)  # type: ignore[call-arg]


def test_defaults_are_read_through_the_class() -> None:
    assert (Point(x=1).x, Point(x=1).y, Named(x=1).y, Named(x=1).name) == (1, 0, 5, "origin")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Point needs x"),
        ({"y": 1}, "Point needs x"),
        ({"x": 1, "z": 2, "w": 3}, "Point has no field w, z"),
        ({"x": 1, "scale": 2}, "Point has no field scale"),
    ],
)
def test_wrong_fields_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(TypeError) as raised:
        Point(**values)
    assert str(raised.value) == message


def test_it_is_frozen() -> None:
    point = Point(x=1)
    with pytest.raises(AttributeError, match="^Point is frozen$"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="^Point is frozen$"):
        del point.x
    assert point == Point(x=1)


def test_replace_leaves_the_original_alone() -> None:
    point = Point(x=1)
    assert (point.replace(y=2), point) == (Point(x=1, y=2), Point(x=1))
    with pytest.raises(TypeError, match="no field z"):
        point.replace(z=1)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (Point(x=1), Point(x=1, y=0), True),  # given or by default is all the same
        (Point(x=1), Point(x=2), False),
        (Point(x=1), Named(x=1, y=0), False),
        (Point(x=1), 1, False),
    ],
)
def test_equality_is_by_type_and_value(left: object, right: object, equal: bool) -> None:
    assert (left == right) is equal


def test_it_is_no_key() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(x=1))


def test_repr_shows_what_was_given() -> None:
    assert repr(Named(x=1, name="a")) == "Named(x=1, name='a')"


def test_it_can_be_copied_and_pickled() -> None:
    point = Point(x=1, y=2)
    assert (copy.deepcopy(point), pickle.loads(pickle.dumps(point))) == (point, point)

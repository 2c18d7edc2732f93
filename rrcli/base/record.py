"""Frozen records: the small base under the model's values and the requests.

A record declares annotated fields like a dataclass and is built with keywords. Defaults stay on the class
and an instance holds only what was given, so that declaring sixty fields costs nothing at start-up, where
`dataclasses` would cost more than the interpreter itself (13 ms for its import of `inspect`).

Subclasses need `from __future__ import annotations` in their module: a field is a name in `__annotations__`
whose text does not start with `ClassVar`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda cls: cls


class Frozen:
    """A frozen value whose fields are the annotations of its bases, in the order that the class names them, and then its own.

    A base that is no record adds none: its annotations are constants.
    """

    fields_: ClassVar[tuple[str, ...]] = ()
    required_: ClassVar[frozenset[str]] = frozenset()
    names_: ClassVar[frozenset[str]] = frozenset()  # of the fields

    def __init_subclass__(cls) -> None:
        own_dict = cls.__dict__
        annotations = own_dict.get("__annotations__", {})  # inspect costs 10 ms
        own = [name for name, kind in annotations.items() if kind[:8] != "ClassVar"]
        required = [name for name in own if name not in own_dict]
        for base in reversed(cls.__bases__):
            if issubclass(base, Frozen) and base.fields_:
                own = [*base.fields_, *own]
                required += [name for name in base.required_ if not hasattr(cls, name)]
        cls.fields_, cls.required_ = tuple(dict.fromkeys(own)), frozenset(required)
        cls.names_ = frozenset(own)

    def __init__(self, **values: Any) -> None:
        """Raises `TypeError` for a name that is no field, or a field without default that is missing."""
        if not values.keys() <= self.names_:
            raise self._unknown_fields(sorted(values.keys() - self.names_))
        if not values.keys() >= self.required_:
            raise TypeError(f"{type(self).__name__} needs {', '.join(sorted(self.required_ - values.keys()))}")
        self.__dict__.update(values)

    @classmethod
    def _unknown_fields(cls, names: list[str]) -> Exception:
        """The error for keywords that are no fields."""
        return TypeError(f"{cls.__name__} has no field {', '.join(names)}")

    def replace(self, **changes: Any) -> Self:
        """The same record with some fields changed."""
        return type(self)(**{**self.__dict__, **changes})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(getattr(self, name) == getattr(other, name) for name in self.fields_)

    __hash__ = None  # type: ignore[assignment]  # equal by value and holding mappings: never a key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record(Frozen):
    """A frozen value that a type checker knows the keywords of."""

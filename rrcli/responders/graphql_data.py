"""What /graphql asks of: the schema, as SDL, and a small library of books with a mutation and a subscription."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

SDL = """\
type Query {
  hello(name: String = "world"): String!
  book(id: ID!): Book
  books(author: ID, first: Int = 10): [Book!]!
  author(id: ID!): Author
}

type Mutation {
  addBook(title: String!, author: ID!, year: Int): Book!
}

type Subscription {
  count(to: Int = 3, every: Float = 0.1): Int!
}

type Author {
  id: ID!
  name: String!
  books: [Book!]!
}

type Book {
  id: ID!
  title: String!
  year: Int
  author: Author!
  price: Float
  isbn: String!
}
"""
BOOKS = 1000  # kept, at most
LONGEST = 1000  # letters of a title
COUNTED = 10_000  # of the subscription, at most
SECONDS = 300.0  # between two of it, at most
AUTHORS = {"1": {"id": "1", "name": "Ursula K. Le Guin"}, "2": {"id": "2", "name": "Stanisław Lem"}}
FIRST = (("A Wizard of Earthsea", 1968, "1", 9.5), ("Solaris", 1961, "2", 8.0), ("The Dispossessed", 1974, "1", None))


class Library:
    """The books and authors, and how each field is resolved: by a method of its name, else by the value of its name.

    Book 3 has a price that cannot be had, which is an error in an answer that has data; and no book knows its isbn, which may not be
    null: so the whole book becomes null.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._books: dict[str, dict[str, Any]] = {}
        for title, year, author, price in FIRST:
            self._add(title, author, year, price)

    def _add(self, title: str, author: str, year: int | None, price: float | None) -> dict[str, Any]:
        with self._lock:
            if len(self._books) >= BOOKS:
                raise ValueError(f"there are {BOOKS} books already")
            key = str(len(self._books) + 1)
            self._books[key] = {"id": key, "title": title, "year": year, "by": author, "cost": price}
            return self._books[key]

    def resolve(self, parent: str, name: str, source: Any, values: dict[str, Any]) -> Any:
        """The value of a field of `source`, which is of the type `parent`. Raises `ValueError` for what cannot be had."""
        method = getattr(self, f"{parent.lower()}_{name}", None)
        return method(source, **values) if method else source[name]

    def query_hello(self, _: Any, name: str | None) -> str:
        return f"hello, {name}"

    def query_book(self, _: Any, id: str) -> dict[str, Any] | None:
        return self._books.get(id)

    def query_books(self, _: Any, author: str | None = None, first: int | None = None) -> list[dict[str, Any]]:
        if first is not None and first < 0:
            raise ValueError("first is less than 0")
        return [book for book in list(self._books.values()) if author in (None, book["by"])][:first]

    def query_author(self, _: Any, id: str) -> dict[str, Any] | None:
        return AUTHORS.get(id)

    def author_books(self, author: dict[str, Any]) -> list[dict[str, Any]]:
        return self.query_books(None, author["id"])

    def book_author(self, book: dict[str, Any]) -> dict[str, Any]:
        return AUTHORS[book["by"]]

    def book_price(self, book: dict[str, Any]) -> float:
        if book["cost"] is None:
            raise ValueError(f"nobody knows the price of {book['title']}")
        return float(book["cost"])

    def book_isbn(self, _: dict[str, Any]) -> None:
        return None

    def mutation_addBook(self, _: Any, title: str, author: str, year: int | None = None) -> dict[str, Any]:
        if author not in AUTHORS:
            raise ValueError(f"there is no author {author}")
        if len(title) > LONGEST:
            raise ValueError(f"a title has {LONGEST} characters at most")
        return self._add(title, author, year, None)

    def subscribe(self, values: dict[str, Any], pause: Callable[[float], None]) -> Iterator[dict[str, Any]]:
        """The values of `count` as they come."""
        for number in range(1, min(values.get("to") or 0, COUNTED) + 1):
            if number > 1:
                pause(max(0.0, min(values.get("every") or 0.0, SECONDS)))
            yield {"count": number}

/** What `rrcli serve thrift` answers. */

enum Color { RED = 1, GREEN = 2 }

/** A thing that is sold. */
struct Item {
  1: required string name
  2: optional i64 price
  3: optional Color color
  4: i32 count = 1
  5: list<string> tags
}

/** There is none left. */
exception OutOfStock {
  1: string name
  2: i32 left
}

service Shop {
  string ping()
  i32 add(1: i32 a, 2: i32 b)
  Item echo(1: Item item)
  /** Of everything but books there is none left. */
  i32 reserve(1: string name) throws (1: OutOfStock out)
  /** Answered when so many milliseconds have passed, 10000 at most. */
  void slow(1: i32 ms)
  oneway void note(1: string text)
}

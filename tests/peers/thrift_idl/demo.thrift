include "base.thrift"

enum Color { RED = 1, GREEN, LIME = 0x10 }

union Money {
  1: i64 cents
  2: string text
}

/** A thing that is sold. */
struct Item {
  1: required string name
  2: i64 big
  3: optional Color color
  4: i32 qty = 1
  5: binary raw
  6: map<string, i32> counts
  7: set<i16> tags
  8: list<Item> parts
  9: double price
  10: bool sold
  11: i8 small
  12: map<i32, list<string>> by_number
  13: Money money
  14: map<Color, bool> colors
  15: list<bool> flags
  40: string far
}

exception OutOfStock {
  1: string sku
  2: i32 left
}

service Shop extends base.Base {
  // the sum
  i32 add(1: i32 a, 2: i32 b),
  Item echo(1: Item item),
  i32 reserve(1: string sku) throws (1: OutOfStock out),
  string crash(),
  oneway void fire(1: string what),
  void slow(1: i32 ms),
  void nothing(),
  Item none(),
  bool flip(1: bool value = true, 2: optional i32 unused)
}

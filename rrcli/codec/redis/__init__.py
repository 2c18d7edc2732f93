"""Redis: RESP, quoted words, and replies as redis-cli prints them."""

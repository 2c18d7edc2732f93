"""One exchange repeated: when each begins, over which connections, and what all of them amount to."""

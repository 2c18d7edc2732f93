"""One HTTP request and its answer on the wire, in each version of the protocol."""

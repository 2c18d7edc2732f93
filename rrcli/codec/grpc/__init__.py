"""gRPC over HTTP/2, without I/O: the framing of messages, statuses, and the messages of reflection and health checks."""

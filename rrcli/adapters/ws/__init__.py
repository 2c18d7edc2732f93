"""WebSocket: the upgrade of an HTTP connection, and the channel of messages behind it."""

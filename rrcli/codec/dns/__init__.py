"""DNS: messages, names and records."""

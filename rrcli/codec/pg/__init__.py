"""PostgreSQL: its messages (protocol 3.0 and 3.2), its logins, its values as JSON, and how a connection is configured."""

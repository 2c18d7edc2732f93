"""QUIC: connections, tickets and logs."""

"""Codecs: bytes to messages and back. Nothing in here ever touches a socket."""

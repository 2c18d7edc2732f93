"""Thrift: the reader of IDL, the protocols binary, compact and JSON, and the framings buffered, framed and header; no socket."""

"""The command line: the fast path, the full Typer application, and what runs for both."""

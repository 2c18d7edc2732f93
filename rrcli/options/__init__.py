"""Options: each is declared once, and command line, help, completions and plans read the declaration."""

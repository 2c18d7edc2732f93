"""Completion scripts for bash, zsh, fish and PowerShell, made from the commands' tables.

Everything they offer is written into them, so that no key press starts Python; names that only the machine knows, those of sessions,
the scripts find as names of files. `generate.py` keeps `completions/`.
"""

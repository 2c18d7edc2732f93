"""Policies that hold for every protocol: what is a secret, what was expected, what to advise."""

"""Adapters: one file per protocol, each with its request type and `exchange(request, context)`."""

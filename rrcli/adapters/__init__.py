"""Adapters: one package or module per protocol, with its request type and `exchange(request, context)`; helpers beside it."""

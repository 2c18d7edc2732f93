"""The instrumented wire under every protocol: names, sockets, TLS, deadlines, phases and the byte transcript."""

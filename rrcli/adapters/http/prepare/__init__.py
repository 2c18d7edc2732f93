"""From the command line's words and options to the request that goes out."""

"""SOAP 1.1 and 1.2 and the XML below them, bytes to values: envelopes, faults, what a WSDL imports, parts of MTOM, tokens."""

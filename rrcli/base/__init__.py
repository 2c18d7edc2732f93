"""What everything stands on: no protocol, no option and no screen is known here."""

__version__ = "0.1.0"

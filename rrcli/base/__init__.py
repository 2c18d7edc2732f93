"""What everything stands on: no protocol, no option and no screen is known here."""

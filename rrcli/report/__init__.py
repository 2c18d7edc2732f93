"""Reporters: pure functions from an exchange to text or bytes."""

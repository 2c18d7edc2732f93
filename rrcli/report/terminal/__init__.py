"""The drawn reports: pure functions from a masked exchange to text."""

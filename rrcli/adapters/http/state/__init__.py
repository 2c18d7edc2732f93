"""What is kept beyond one exchange: cookies and named sessions."""

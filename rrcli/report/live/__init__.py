"""What is printed while an exchange is under way."""

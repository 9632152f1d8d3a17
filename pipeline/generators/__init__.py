"""What makes pictures."""

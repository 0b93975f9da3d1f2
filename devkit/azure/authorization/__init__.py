"""What Microsoft.Authorization says of its caller."""

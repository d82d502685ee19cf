"""What to do about one request, from what is seen and what time it is. Pure: a decision is a value that others
perform."""

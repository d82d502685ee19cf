"""Templates: from the Job template that a user wrote to the one that runs."""

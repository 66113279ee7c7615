"""REST: one call on Academy for each endpoint."""

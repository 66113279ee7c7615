"""Documents that a person brings: read with pages and headings, cut into passages, and stored without their secrets."""

"""Which requests are let in, how large and how slowly."""

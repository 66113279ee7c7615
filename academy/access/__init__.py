"""Who may come in, how much and how slowly."""

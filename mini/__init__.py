"""How the bundled model academy-mini is made; not part of the app."""

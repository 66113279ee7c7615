"""Small pieces of HTML."""

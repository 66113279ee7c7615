"""The arena: golden questions, blind duels between adapters, and the ranking that follows from the votes."""

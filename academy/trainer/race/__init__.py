"""A sweep as a race: several settings on one base in turns, until one is first."""

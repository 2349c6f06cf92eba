"""Model cards: parsed, linted, classified, labelled, and what a table of them shows."""

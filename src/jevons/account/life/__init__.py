"""Life cycles: phases, overlaps, published figures, amortisation, travel."""

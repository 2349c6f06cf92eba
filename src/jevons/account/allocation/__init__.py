"""Sharing out: whose a meter's energy was, by stated keys."""

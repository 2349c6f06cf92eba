"""The market side: certificates and agreements, matched with consumption once."""

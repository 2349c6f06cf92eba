"""What we mean: activity, factor, footprint, and the one multiplication between them."""

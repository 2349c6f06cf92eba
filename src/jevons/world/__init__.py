"""What exists, as rows: models, hardware, grids, sites; and the resolver that finds them by name, place and time."""

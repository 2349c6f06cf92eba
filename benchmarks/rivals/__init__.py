"""The rivals: their published arithmetic, or the package itself run beside us."""

"""How other tools price the same activity: one method a file, each its published arithmetic, their constants as rows."""

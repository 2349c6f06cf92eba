"""``python -m jevons`` is the command line."""

from jevons.cli import main

if __name__ == "__main__":
    main()

"""``python -m namegen`` is the command line."""

from namegen.cli import main

if __name__ == "__main__":
    main()

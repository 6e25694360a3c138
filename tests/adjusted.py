"""What the tests change in the package, in the process that runs them and in those that the program is forked from."""

from functools import cache

from namegen import lists
from namegen.cli import display
from namegen.core.generation import fitting

display.SECONDS_BEFORE = (
    1_000.0  # however busy the machine is, nothing is said in between where no test asks for it
)
fitting.DRAWS = (
    2_000  # names that are drawn when a run ends: 20,000 would take longer than a small run
)
lists.load_bundled = cache(lists.load_bundled)  # each list is read once, as nothing changes one

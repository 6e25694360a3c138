"""Changes to the package for all tests. They also apply to processes that are forked for commands."""

from functools import cache

from namegen import lists
from namegen.cli import display
from namegen.core.generation import fitting

# Even on a busy machine, commands don't print their progress unless a test requests it.
display.SECONDS_BEFORE = 1_000.0
# The number of names that are drawn at the end of a run. Drawing 20,000 would take longer than a small run.
fitting.DRAWS = 2_000
# The tests don't change the lists, so each list is read only once.
lists.load_bundled = cache(lists.load_bundled)

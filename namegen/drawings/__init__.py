"""Drawings: of a training and of a list of names, in one style."""

import logging

# A home that cannot be written is no concern of whoever draws a plot: matplotlib keeps its cache elsewhere then, and is
# not asked to say so. It says so while it is being imported, hence here.
logging.getLogger("matplotlib").addFilter(
    lambda record: (
        not any(said in record.getMessage() for said in ("cache directory", "mkdir -p failed"))
    )
)

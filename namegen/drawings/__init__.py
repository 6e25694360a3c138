"""Plots of training runs and lists of names, in a common style."""

import logging


def _is_not_about_the_cache(record: logging.LogRecord) -> bool:
    """Return False for warnings about matplotlib's cache, which aren't shown."""
    message = record.getMessage()
    return "cache directory" not in message and "mkdir -p failed" not in message


# If matplotlib can't write its cache to the home folder, it uses another folder and logs a warning, which users can
# ignore. The warning is logged during the import, so the filter must be installed first.
logging.getLogger("matplotlib").addFilter(_is_not_about_the_cache)

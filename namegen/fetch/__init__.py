"""Fresh lists of names from their public sources.

``download.py`` gets one file, politely; ``players.py`` and ``companies.py`` each know a source: where it is, and how to
read what it gives. ``docs/fetching.md`` says more.
"""

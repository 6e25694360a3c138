"""Fresh lists of names from their public sources.

``players.py`` and ``companies.py`` each know a source: where it is, and how to read what it gives. Both call
``download.py``, which gets one file, politely; ``exchange.py`` below it is one request and its answer, which end
whatever a server does. ``docs/use/fetching.md`` says more.
"""

"""Fresh lists of names from their public sources.

``sources.py`` knows the sources: where they are, and how to read what they give. It calls ``download.py``, which reads
one file from the disk, or has ``request.py`` read it from the web in a process of its own, which it kills when the time
is up. ``docs/use/fetching.md`` says more.
"""

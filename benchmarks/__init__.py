"""Measure namegen: ``bench.py`` measures its speed, ``quality.py`` and ``labels.py`` measure the networks' losses, and
``blind.py`` runs blind tests of names.

bench.py ─► a process for each of sections/ ─► document.py (performance.json) ─► performance_page.py
                     │
                     ├─► trainers/    train the same network with namegen, PyTorch and JAX
                     └─► rounds.py, lists.py, products.py
"""

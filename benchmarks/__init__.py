"""Measurements of namegen: ``bench.py`` for speed, ``accuracy.py`` and ``blog_accuracy.py`` for what is learned.

bench.py ─► a process for each of sections/ ─► document.py (performance.json) ─► performance_page.py
                     │
                     ├─► trainers/    one network, trained by namegen, by PyTorch, by JAX, by Keras
                     └─► rounds.py, lists.py, products.py
"""

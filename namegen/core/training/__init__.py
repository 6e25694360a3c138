"""From a list to a trained network: the loop, its schedule, the folder that a run leaves. Begin with ``run.py``."""

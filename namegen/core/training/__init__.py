"""From a list to a trained network: the loop, its schedule, and the folder that a run leaves."""

"""Train a network on a list. Start reading with ``preparation.py``.

These are the names of the files in a run folder.
"""

CONFIG_FILE = "config.toml"
NAMES_FILE = "names.csv"
MODEL_FILE = "model.safetensors"
KNOWN_FILE = "model.known_names.safetensors"
HISTORY_FILE = "history.csv"
PLOT_FILE = "history.png"
STATE_FILE = "state.safetensors"

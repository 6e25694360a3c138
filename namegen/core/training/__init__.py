"""From a list to a trained network: begin with ``preparation.py``. Here: what the files of a run folder are called."""

CONFIG_FILE, PLOT_FILE = "config.toml", "history.png"
NAMES_FILE = "names.csv"
MODEL_FILE, HISTORY_FILE, STATE_FILE = "model.safetensors", "history.csv", "state.safetensors"
KNOWN_FILE = "model.known_names.safetensors"

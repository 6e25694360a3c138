"""What the files of a run folder are called; apart from ``run_folder.py`` so that a look at a name loads nothing."""

CONFIG_FILE, NAMES_FILE, PLOT_FILE = "config.toml", "names.txt", "history.png"
MODEL_FILE, HISTORY_FILE, STATE_FILE = "model.safetensors", "history.csv", "state.safetensors"
KNOWN_NAMES_FILE = "known_names.safetensors"

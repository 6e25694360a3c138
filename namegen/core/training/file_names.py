"""What the files of a run folder are called; apart from ``run_folder.py`` so that a look at a name loads nothing."""

CONFIG_FILE, PLOT_FILE = "config.toml", "history.png"
NAMES_FILE, LABELLED_NAMES_FILE = "names.txt", "names.csv"
MODEL_FILE, HISTORY_FILE, STATE_FILE = "model.safetensors", "history.csv", "state.safetensors"
KNOWN_NAMES_FILE = "known_names.safetensors"

"""An engine for namegen: its recurrent network in PyTorch; see README.md."""

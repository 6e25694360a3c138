"""A backend for namegen that trains its recurrent network in PyTorch. See README.md."""

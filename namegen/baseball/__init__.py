"""The names of baseball players: parse real names, and invent new ones."""

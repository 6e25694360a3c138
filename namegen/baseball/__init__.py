"""Baseball players: how their names are written, and players who never were."""

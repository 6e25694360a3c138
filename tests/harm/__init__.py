"""Attacks: what comes from a stranger ends in names or in one sentence, and never in a traceback, a crash or a hang."""

"""Test that untrusted input leads to a result or to one clear error, and never to a traceback, a crash or a hang."""

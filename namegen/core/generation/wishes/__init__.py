"""What may be wished of a name: each wish is one class. Read ``wish.py`` first; ``wishlist.py`` lists them all."""

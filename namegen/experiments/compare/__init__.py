"""``namegen compare-backends``: a plan, its measurements, and the report made of them."""

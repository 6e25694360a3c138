"""Several models teach one: who teaches, how much each is heard, and the lesson that the student reads.

training part ─► own parts (nine tenths to learn from, one to choose by) ─► teachers ─► weights ─► lesson ─► student
"""

"""What may be constraint_list of a name: each constraint is one class. Read ``constraint.py`` first;
``constraint_list.py`` lists them all.
"""

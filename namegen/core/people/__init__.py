"""Whole names: people with a given name and a family name of one origin, and baseball players.

names.py     where given names, family names, first names and last names come from
families.py  the forms of a family name for men and women
person.py    the name of a person, and templates that format it
people.py    people, alone or in households
players.py   real and invented baseball players
"""

"""Can a network learn to weigh the places of a picture?

`pools` holds the networks that the lesson compares.
"""

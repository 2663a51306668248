"""The chapters, a room each: its world, networks, claims and records, checks, stored weights and widget."""

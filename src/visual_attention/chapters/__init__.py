"""The lessons: a room each, with its world, its networks, its claims, its checks and its widget."""

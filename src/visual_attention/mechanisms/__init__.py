"""Attention mechanisms, a paper a file; they import torch and one another, and nothing else of the course."""

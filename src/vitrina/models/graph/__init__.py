"""Convolution on the graph of people and items."""

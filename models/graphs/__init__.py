"""Graphs that judge relations and flows: ownership, and the accounts of one institution."""

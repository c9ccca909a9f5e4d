"""Yield models: money-weighted returns, what a product should pay, and whether it can go on paying."""

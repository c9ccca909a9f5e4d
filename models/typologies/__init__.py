"""Typologies, one file each; see base.py."""

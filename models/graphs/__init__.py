"""Graphs of who owns and governs whom."""

"""Bytes and time: the thin drivers that run the pure machines."""

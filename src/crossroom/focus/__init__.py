"""The one door to rooms, whoever owns them; see interface.py first."""

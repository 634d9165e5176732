"""The XEP-0045 face of the rooms."""

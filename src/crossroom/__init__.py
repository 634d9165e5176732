"""Crossroom: one chat room for SIP and XMPP users."""

__version__ = "0.1.0"

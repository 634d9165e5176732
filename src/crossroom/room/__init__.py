"""The room: who is in it, what they say, what they may. Pure, and the same for SIP and XMPP."""

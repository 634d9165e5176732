"""The SIP and MSRP face of the rooms."""

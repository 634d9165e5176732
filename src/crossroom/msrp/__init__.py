"""MSRP: frames, messages, sessions (RFC 4975, 7701). Pure."""

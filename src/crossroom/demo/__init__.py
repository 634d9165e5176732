"""`crossroom demo`: real participants of both networks in one room, on this machine, checked step by step."""

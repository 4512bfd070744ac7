"""How runs are started: the members of a sweep one after the other or several at once."""

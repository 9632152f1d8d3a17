"""One try at a slot, its verdict, and the books that say which try fills which slot."""

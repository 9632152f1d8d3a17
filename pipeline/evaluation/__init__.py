"""How well people, and models beside them, agree on what a face shows."""

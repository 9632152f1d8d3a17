"""EmoNet Face Big: from a declared grid of demographics and emotions to an exact, balanced, audited set of faces."""

"""How well a model scores what a face shows: against labels, by group of people, and beside people who disagree."""

"""From a dataset, or pictures with labels, to a model that scores 40 emotions."""

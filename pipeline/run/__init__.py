"""A run on one dataset: warm workers, the engines that hold them, and what people see of it."""

"""Where pictures, their labels and a model's scores come from."""

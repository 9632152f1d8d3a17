"""What emotions are called, and the labels of others: published files, annotations added to a dataset."""

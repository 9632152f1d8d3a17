"""Figures as tables, plots and one page."""

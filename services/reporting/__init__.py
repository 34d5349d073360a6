"""Turns the log into governance views that anybody can follow back to the reports behind them."""

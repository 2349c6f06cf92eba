"""Requests to somebody's API: the rate of each term, draws of how it is served, prices made beforehand."""

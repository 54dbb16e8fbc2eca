"""Runs all of Mutirão from one clone: servers from wheels, processes under a manager.

For trying, developing and testing; production has compose/. Everything lives in `.run/`.
"""

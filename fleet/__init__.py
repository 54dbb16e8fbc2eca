"""The make targets of the fleet: `python3 -m fleet COMMAND`, on a host with only Docker.

The standard library is all it needs; what concerns the application is asked in its containers.
"""

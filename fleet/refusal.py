"""What an operator reads instead of a stack trace."""


class Refused(Exception):
    """Nothing was done, or what was done was taken back; the message says why in a sentence."""

"""What goes wrong, and what is worth knowing."""


class InputError(ValueError):
    """A file or an argument that cannot be used: one line that names it, what is wrong, and the way out."""

    __module__ = "rheobase"


class Note(UserWarning):
    """What the user should know of a network or its samples, though it is no error; issued as a warning."""

    __module__ = "rheobase"

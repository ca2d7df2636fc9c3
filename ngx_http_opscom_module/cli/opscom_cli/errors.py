"""Exit codes, and the errors that end a command with one of them."""

DONE = 0
NO = 1          # not found, or "check" found what would lose permits
USAGE = 2       # the command line, the environment or a file is wrong
UNAVAILABLE = 3  # Redis cannot be reached, or refuses


class Failure(Exception):
    """Ends the command: a message for standard error, and the exit code."""

    code = NO


class UsageError(Failure):
    code = USAGE


class Unavailable(Failure):
    code = UNAVAILABLE

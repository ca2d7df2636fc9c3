"""The command line: the table of commands, options, help and exit codes."""

import argparse
import sys

import redis

from . import (check, erase, feed, output, permits, retention, settings,
               tokens, zones)
from .errors import DONE, NO, UNAVAILABLE, Failure
from .store import Store

COMMANDS = (tokens.COMMANDS + zones.COMMANDS + permits.COMMANDS
            + erase.COMMANDS + retention.COMMANDS + feed.COMMANDS
            + check.COMMANDS)

EPILOG = """\
Exit codes: 0 done; 1 not found, or "check" found something that loses or
refuses permits; 2 wrong command line or setting; 3 Redis cannot be reached or
refuses.
"""

REDIS = """\
"opscom --help" lists the options for the connection to Redis; they may be
given before or after the command.

"""


def whole(least):
    """A type of argparse: a number from "least" on."""
    def parse(text):
        if text.isascii() and text.isdigit() and int(text) >= least:
            return int(text)
        raise argparse.ArgumentTypeError(f'invalid number "{text}"')
    return parse


TYPES = {'positive': whole(1), 'natural': whole(0)}


class Parser(argparse.ArgumentParser):
    """Options are not abbreviated: a script must not break with a new one."""

    def __init__(self, **arguments):
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter, **arguments)


def build():
    parser = Parser(
        prog='opscom', epilog=EPILOG,
        description='Administration of the permits, tokens and zones that'
                    ' ngx_http_opscom_module\nkeeps in Redis.')
    settings.add_to(parser)
    top = parser.add_subparsers(metavar='COMMAND', required=True)
    groups = {}

    for name, run, summary, description, arguments in COMMANDS:
        group, _, verb = name.partition(' ')
        if verb and group not in groups:
            inner = top.add_parser(
                group, help=', '.join(one[0].partition(' ')[2]
                                      for one in COMMANDS
                                      if one[0].startswith(group + ' ')))
            groups[group] = inner.add_subparsers(metavar='COMMAND',
                                                 required=True)
        parent = groups[group] if verb else top
        one = parent.add_parser(verb or group, help=summary,
                                description=wrap(description),
                                epilog=REDIS + EPILOG)

        for flags, details in arguments:
            details = dict(details)
            if 'type' in details:
                details['type'] = TYPES[details['type']]
            one.add_argument(*flags, **details)

        # the same options once more, so that they may stand behind as well
        settings.add_to(one, argparse.SUPPRESS, hidden=True)
        one.set_defaults(run=run)

    return parser


def wrap(text):
    """The formatter leaves lines alone, for the epilog's sake."""
    lines, line = [], ''
    for word in text.split():
        if len(line) + len(word) > 76:
            lines.append(line)
            line = ''
        line += (' ' if line else '') + word
    return '\n'.join(lines + [line])


def main(arguments=None):
    # names and labels are UTF-8, whatever the locale says

    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(encoding='utf-8', errors='backslashreplace'
                           if stream is not sys.stdin else 'surrogateescape')

    options = build().parse_args(arguments)

    try:
        code = options.run(Store(settings.Settings(options)), options)
        sys.stdout.flush()
        return code
    except Failure as failure:
        output.note(failure)
        return failure.code
    except redis.RedisError as error:
        output.note(f'Redis: {error}')
        return UNAVAILABLE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        output.give_up()
        return DONE
    except OSError as error:
        output.give_up()
        output.note(error.strerror)
        return NO

"""What is printed: tables for people, one JSON object per line for programs.

What Redis says is data: control characters, which a terminal would obey, are
printed as escapes.
"""

import json
import os
import sys


def visible(text):
    """Text that a terminal shows and does not obey."""
    return ''.join(c if c.isprintable() else
                   c.encode('unicode_escape', 'surrogatepass').decode()
                   for c in str(text))


def line(text=''):
    print(visible(text))


def note(text):
    """For standard error: a message that is no result."""
    print('opscom: ' + visible(text), file=sys.stderr)


def record(fields):
    print(json.dumps(fields, ensure_ascii=True, separators=(',', ':')))


def give_up():
    """Nobody can read standard output: what is buffered goes nowhere, so that
    Python does not complain of it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def table(rows, columns, as_json=False):
    """Rows are dicts; columns name what people see of them."""
    if as_json:
        for row in rows:
            record(row)
        return

    cells = [[visible(row.get(column, '')) for column in columns]
             for row in rows]
    if cells:
        cells.insert(0, [column.upper() for column in columns])

    widths = [max(map(len, column)) for column in zip(*cells)]
    for row in cells:
        print('  '.join(cell.ljust(width)
                        for cell, width in zip(row, widths)).rstrip())


def confirm(question, assumed):
    """Whether to go on: --yes, or a person at a terminal says so."""
    if assumed:
        return True
    if not sys.stdin.isatty():
        note('this cannot be undone: --yes is required without a terminal')
        return False

    sys.stderr.write(visible(question) + ' [y/N] ')
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ('y', 'yes')


class Progress:
    """A counter on the terminal of who waits; nothing elsewhere."""

    def __init__(self, what):
        self.what = what
        self.shown = sys.stderr.isatty()

    def show(self, count):
        if self.shown:
            sys.stderr.write(f'\r{self.what}: {count}')
            sys.stderr.flush()

    def end(self):
        if self.shown:
            sys.stderr.write('\r\x1b[K')

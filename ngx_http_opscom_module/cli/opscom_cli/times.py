"""Times: moments as a push has them, and spans as nginx.conf has them."""

import re
import time
from datetime import datetime, timezone

from .errors import UsageError

UNITS = {'y': 31536000, 'M': 2592000, 'w': 604800, 'd': 86400, 'h': 3600,
         'm': 60, 's': 1, '': 1}


def moment(text):
    """YYYY-MM-DDTHH:MM:SS, a "Z" allowed, UTC: seconds since 1970."""
    match = re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d',
                         text.removesuffix('Z'), re.ASCII)
    try:
        when = datetime.strptime(match.group(), '%Y-%m-%dT%H:%M:%S')
    except (AttributeError, ValueError):
        raise UsageError(f'invalid time "{text}": 2018-07-02T09:00:00 is'
                         ' expected, UTC') from None
    return int(when.replace(tzinfo=timezone.utc).timestamp())


def span(text):
    """90d, 1y, 12h30m, or seconds: a span as nginx reads it, in seconds."""
    parts = re.findall(r'(\d+)([yMwdhms]?)', text)

    if not parts or ''.join(n + unit for n, unit in parts) != text \
            or not text.isascii():
        raise UsageError(f'invalid time span "{text}": 90d, 1y or 12h, for'
                         ' example')

    seconds = sum(int(n) * UNITS[unit] for n, unit in parts)
    if not 0 < seconds <= 100 * UNITS['y']:
        raise UsageError(f'invalid time span "{text}": more than nothing, at'
                         ' most 100 years')
    return seconds


def utc(seconds):
    """2018-07-02T09:00:00Z."""
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))

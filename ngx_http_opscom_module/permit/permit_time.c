
/* Reads times, with the arithmetic of the Gregorian calendar. */


#include "permit_time.h"


typedef struct {
    unsigned  year;
    unsigned  month;
    unsigned  day;
    unsigned  hour;
    unsigned  minute;
    unsigned  second;
} permit_moment_t;


static bool permit_time_split(permit_text_t text, permit_moment_t *moment);
static bool permit_time_year(const char *digits, unsigned *number);
static bool permit_time_pair(const char *digits, unsigned *number);
static bool permit_time_is_real(const permit_moment_t *moment);
static bool permit_time_is_leap(unsigned year);
static int64_t permit_time_days(const permit_moment_t *moment);


permit_code_t
permit_time_parse(permit_text_t text, int64_t *seconds)
{
    permit_moment_t  moment;

    if (!permit_time_split(text, &moment)) {
        return PERMIT_INVALID_FORMAT;
    }

    if (!permit_time_is_real(&moment)) {
        return PERMIT_OUT_OF_RANGE;
    }

    *seconds = permit_time_days(&moment) * 86400 + moment.hour * 3600
        + moment.minute * 60 + moment.second;

    return PERMIT_GOOD;
}


static bool
permit_time_split(permit_text_t text, permit_moment_t *moment)
{
    const char  *p;

    p = text.data;

    if (text.len == PERMIT_TIME_LEN) {

        if (p[PERMIT_TIME_LEN - 1] != 'Z') {
            return false;
        }

    } else if (text.len != PERMIT_TIME_LEN - 1) {
        return false;
    }

    return p[4] == '-' && p[7] == '-' && p[10] == 'T' && p[13] == ':'
        && p[16] == ':' && permit_time_year(p, &moment->year)
        && permit_time_pair(p + 5, &moment->month)
        && permit_time_pair(p + 8, &moment->day)
        && permit_time_pair(p + 11, &moment->hour)
        && permit_time_pair(p + 14, &moment->minute)
        && permit_time_pair(p + 17, &moment->second);
}


static bool
permit_time_year(const char *digits, unsigned *number)
{
    unsigned  century, rest;

    if (!permit_time_pair(digits, &century)
        || !permit_time_pair(digits + 2, &rest))
    {
        return false;
    }

    *number = century * 100 + rest;

    return true;
}


static bool
permit_time_pair(const char *digits, unsigned *number)
{
    unsigned  tens, ones;

    tens = (unsigned) (digits[0] - '0');
    ones = (unsigned) (digits[1] - '0');

    *number = tens * 10 + ones;

    return tens <= 9 && ones <= 9;
}


static bool
permit_time_is_real(const permit_moment_t *moment)
{
    unsigned               days;
    static const unsigned  month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
        31, 30, 31 };

    if (moment->year < 1970 || moment->month < 1 || moment->month > 12
        || moment->hour > 23 || moment->minute > 59 || moment->second > 59)
    {
        return false;
    }

    days = month_days[moment->month - 1];

    if (moment->month == 2 && permit_time_is_leap(moment->year)) {
        days++;
    }

    return moment->day >= 1 && moment->day <= days;
}


static bool
permit_time_is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}


/*
 * Days since 1970-01-01.  Years are counted from March, so that the leap day
 * ends one; 719468 days lie between 0000-03-01 and the epoch.
 */

static int64_t
permit_time_days(const permit_moment_t *moment)
{
    unsigned  year, month, leap_days, day_of_year;

    year = moment->year - (moment->month <= 2);
    month = (moment->month + 9) % 12;

    leap_days = year / 4 - year / 100 + year / 400;
    day_of_year = (153 * month + 2) / 5 + moment->day - 1;

    return (int64_t) year * 365 + leap_days + day_of_year - 719468;
}


/* Moments in UTC, in the proleptic Gregorian calendar of RFC 3339. */


#ifndef PERMIT_TIME_H_INCLUDED
#define PERMIT_TIME_H_INCLUDED


#include "permit.h"


#define PERMIT_TIME_LEN  (sizeof("1970-01-01T00:00:00Z") - 1)


/*
 * Reads YYYY-MM-DDTHH:MM:SS with or without a trailing Z.  Returns
 * PERMIT_GOOD and the seconds since the epoch, PERMIT_INVALID_FORMAT for
 * another shape, PERMIT_OUT_OF_RANGE for a date or time that does not exist (a
 * 30th of February, a second 60) or lies before 1970.
 */
permit_code_t permit_time_parse(permit_text_t text, int64_t *seconds);


#endif /* PERMIT_TIME_H_INCLUDED */

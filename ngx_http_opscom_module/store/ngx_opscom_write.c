
/* Commands in RESP, the Redis protocol. */


#include "ngx_opscom_write.h"


static u_char *ngx_opscom_write_digits(u_char *p, uint64_t n);


u_char *
ngx_opscom_write_header(u_char *p, ngx_uint_t argc)
{
    *p++ = '*';

    return ngx_opscom_write_end(ngx_opscom_write_digits(p, argc));
}


u_char *
ngx_opscom_write_argument(u_char *p, u_char *data, size_t len)
{
    p = ngx_opscom_write_length(p, len);

    /* without bytes, data may be NULL */

    if (len) {
        p = ngx_cpymem(p, data, len);
    }

    return ngx_opscom_write_end(p);
}


u_char *
ngx_opscom_write_integer(u_char *p, uint64_t n)
{
    size_t  len;
    u_char  digits[NGX_INT64_LEN];

    len = ngx_opscom_write_digits(digits, n) - digits;

    return ngx_opscom_write_argument(p, digits, len);
}


u_char *
ngx_opscom_write_length(u_char *p, size_t len)
{
    *p++ = '$';

    return ngx_opscom_write_end(ngx_opscom_write_digits(p, len));
}


u_char *
ngx_opscom_write_end(u_char *p)
{
    *p++ = CR;
    *p++ = LF;

    return p;
}


/* ngx_sprintf() costs more than all else in a command. */

static u_char *
ngx_opscom_write_digits(u_char *p, uint64_t n)
{
    uint32_t  last;

    if (n > 99) {
        p = ngx_opscom_write_digits(p, n / 100);
    }

    last = (uint32_t) (n % 100);

    if (n > 9) {
        *p++ = (u_char) ('0' + last / 10);
    }

    *p++ = (u_char) ('0' + last % 10);

    return p;
}


ngx_int_t
ngx_opscom_write_command(ngx_opscom_out_t *out, ngx_str_t *argv,
    ngx_uint_t argc, ngx_log_t *log)
{
    size_t      size;
    u_char     *p;
    ngx_uint_t  i;

    size = NGX_OPSCOM_HEADER_SIZE;

    for (i = 0; i < argc; i++) {
        size += NGX_OPSCOM_ARGUMENT_SIZE(argv[i].len);
    }

    if (ngx_opscom_out_reserve(out, size, log) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_opscom_write_header(out->last, argc);

    for (i = 0; i < argc; i++) {
        p = ngx_opscom_write_argument(p, argv[i].data, argv[i].len);
    }

    out->last = p;

    return NGX_OK;
}

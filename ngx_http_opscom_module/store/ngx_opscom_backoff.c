
/* How long to wait before the next attempt to connect. */


#include "ngx_opscom_backoff.h"


ngx_msec_t
ngx_opscom_backoff(ngx_uint_t failures, ngx_msec_t most)
{
    ngx_msec_t  pause;

    pause = NGX_OPSCOM_BACKOFF_FIRST << ngx_min(failures - 1, 6);
    pause = ngx_min(pause, most);

    return pause - ngx_random() % (pause / 4 + 1);
}

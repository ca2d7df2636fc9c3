
/* The status for Prometheus, in its text format 0.0.4. */


#ifndef NGX_HTTP_OPSCOM_STATUS_TEXT_H_INCLUDED
#define NGX_HTTP_OPSCOM_STATUS_TEXT_H_INCLUDED


#include "ngx_http_opscom_emitter.h"


extern const ngx_http_opscom_emitter_t  ngx_http_opscom_status_text;


#endif /* NGX_HTTP_OPSCOM_STATUS_TEXT_H_INCLUDED */

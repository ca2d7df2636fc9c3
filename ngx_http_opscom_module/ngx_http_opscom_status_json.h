
/* The status as JSON. */


#ifndef NGX_HTTP_OPSCOM_STATUS_JSON_H_INCLUDED
#define NGX_HTTP_OPSCOM_STATUS_JSON_H_INCLUDED


#include "ngx_http_opscom_emitter.h"


extern const ngx_http_opscom_emitter_t  ngx_http_opscom_status_json;


#endif /* NGX_HTTP_OPSCOM_STATUS_JSON_H_INCLUDED */

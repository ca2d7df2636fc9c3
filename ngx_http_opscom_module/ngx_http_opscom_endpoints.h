
/* The table of endpoints. */


#ifndef NGX_HTTP_OPSCOM_ENDPOINTS_H_INCLUDED
#define NGX_HTTP_OPSCOM_ENDPOINTS_H_INCLUDED


#include "ngx_http_opscom_endpoint.h"


extern const ngx_http_opscom_endpoint_t
    ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_ENDPOINTS];


#endif /* NGX_HTTP_OPSCOM_ENDPOINTS_H_INCLUDED */

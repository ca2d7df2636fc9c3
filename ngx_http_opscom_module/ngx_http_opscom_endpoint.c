
/* What an endpoint is: the names of its results. */


#include "ngx_http_opscom_endpoint.h"


ngx_str_t
ngx_http_opscom_endpoint_result(const ngx_http_opscom_endpoint_t *endpoint,
    ngx_uint_t result)
{
    static ngx_str_t  none = ngx_null_string;
    static ngx_str_t  replayed = ngx_string("replayed");

    if (result >= NGX_HTTP_OPSCOM_RESULT_ERROR) {
        return ngx_http_opscom_errors[result - NGX_HTTP_OPSCOM_RESULT_ERROR]
               .code;
    }

    if (endpoint == NULL || result == NGX_HTTP_OPSCOM_RESULT_NONE) {
        return none;
    }

    if (result == NGX_HTTP_OPSCOM_RESULT_SUCCESS) {
        return endpoint->success;
    }

    return endpoint->reads ? none : replayed;
}


ngx_str_t
ngx_http_opscom_endpoint_request_result(
    const ngx_http_opscom_endpoint_t *endpoint, ngx_uint_t result)
{
    if (endpoint && endpoint->each && result == NGX_HTTP_OPSCOM_RESULT_SUCCESS)
    {
        return endpoint->name;
    }

    return ngx_http_opscom_endpoint_result(endpoint, result);
}


/*
 * The table of endpoints.  A new one is a row here, its name in
 * ngx_http_opscom_endpoint_id_t and a directive in ngx_http_opscom_module.c.
 */


#include "ngx_http_opscom_bulk.h"
#include "ngx_http_opscom_endpoints.h"
#include "ngx_http_opscom_handler.h"
#include "ngx_http_opscom_lookup.h"
#include "ngx_http_opscom_write.h"

#include "permit/permit_schema.h"


const ngx_http_opscom_endpoint_t
    ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_ENDPOINTS] = {

    [NGX_HTTP_OPSCOM_PUSH] = {
        .id = NGX_HTTP_OPSCOM_PUSH,
        .name = ngx_string("push"),
        .success = ngx_string("stored"),
        .schema = &permit_schema_push,
        .handler = ngx_http_opscom_handler,
        .execute = ngx_http_opscom_write,
        .build = ngx_opscom_permits_push,
        .creates = 1
    },

    [NGX_HTTP_OPSCOM_UPDATE] = {
        .id = NGX_HTTP_OPSCOM_UPDATE,
        .name = ngx_string("update"),
        .success = ngx_string("updated"),
        .schema = &permit_schema_update,
        .handler = ngx_http_opscom_handler,
        .execute = ngx_http_opscom_write,
        .build = ngx_opscom_permits_update
    },

    [NGX_HTTP_OPSCOM_DELETE] = {
        .id = NGX_HTTP_OPSCOM_DELETE,
        .name = ngx_string("delete"),
        .success = ngx_string("deleted"),
        .schema = &permit_schema_delete,
        .handler = ngx_http_opscom_handler,
        .execute = ngx_http_opscom_write,
        .build = ngx_opscom_permits_delete
    },

    [NGX_HTTP_OPSCOM_LOOKUP] = {
        .id = NGX_HTTP_OPSCOM_LOOKUP,
        .name = ngx_string("lookup"),
        .success = ngx_string("found"),
        .schema = &permit_schema_lookup,
        .handler = ngx_http_opscom_handler,
        .execute = ngx_http_opscom_lookup,
        .reads = 1
    },

    [NGX_HTTP_OPSCOM_BULK] = {
        .id = NGX_HTTP_OPSCOM_BULK,
        .name = ngx_string("bulk"),
        .success = ngx_string("stored"),
        .schema = &permit_schema_push,
        .handler = ngx_http_opscom_bulk_handler,
        .each = &ngx_http_opscom_endpoints[NGX_HTTP_OPSCOM_PUSH]
    },
};

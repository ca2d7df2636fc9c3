
/* The metrics, and the walk over them. */


#ifndef NGX_HTTP_OPSCOM_STATUS_WALK_H_INCLUDED
#define NGX_HTTP_OPSCOM_STATUS_WALK_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_opscom_emitter.h"
#include "ngx_http_opscom_metrics.h"


/* Writes all metrics in the form of an emitter; out->json has its buffer. */
void ngx_http_opscom_status_walk(ngx_http_opscom_output_t *out,
    const ngx_http_opscom_emitter_t *emitter,
    ngx_http_opscom_metrics_t *metrics);


#endif /* NGX_HTTP_OPSCOM_STATUS_WALK_H_INCLUDED */

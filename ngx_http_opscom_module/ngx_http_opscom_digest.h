
/* SHA-256 and random bytes. */


#ifndef NGX_HTTP_OPSCOM_DIGEST_H_INCLUDED
#define NGX_HTTP_OPSCOM_DIGEST_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "permit/permit_uuid.h"


/* Prepares this worker; NGX_ERROR where OpenSSL has no SHA-256. */
ngx_int_t ngx_http_opscom_digest_init(ngx_cycle_t *cycle);

/* Frees the memory of this worker. */
void ngx_http_opscom_digest_exit(void);

/*
 * Writes SHA-256 of the parts, one after the other, as 64 digits of lower-case
 * hex.  NGX_ERROR when OpenSSL fails.
 */
ngx_int_t ngx_http_opscom_digest_sha256(u_char *hex, ngx_str_t *parts,
    ngx_uint_t nparts);

/*
 * The same of a token of at most 50 characters.  A worker keeps the most
 * recent tokens with their digests, as a digest is about a tenth of the
 * instructions of a push; Redis is asked each time all the same.
 */
ngx_int_t ngx_http_opscom_digest_token(u_char *hex, ngx_str_t *token);

/*
 * Takes 16 bytes of the kernel's generator, which is asked for many at a time.
 * NGX_ERROR when it fails.
 */
ngx_int_t ngx_http_opscom_digest_random(uint8_t bytes[PERMIT_UUID_BYTES],
    ngx_log_t *log);


#endif /* NGX_HTTP_OPSCOM_DIGEST_H_INCLUDED */

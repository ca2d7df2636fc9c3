
/* SHA-256 and random bytes. */


#include "ngx_http_opscom_digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>


#define NGX_HTTP_OPSCOM_SHA256_BYTES 32
#define NGX_HTTP_OPSCOM_ENTROPY      4096


#define NGX_HTTP_OPSCOM_TOKENS    256 /* a power of two */
#define NGX_HTTP_OPSCOM_TOKEN_LEN 50


typedef struct {
    size_t  len;
    u_char  text[NGX_HTTP_OPSCOM_TOKEN_LEN];
    u_char  hex[2 * NGX_HTTP_OPSCOM_SHA256_BYTES];
} ngx_http_opscom_token_t;


static ngx_int_t ngx_http_opscom_digest_entropy(u_char *entropy,
    ngx_log_t *log);


static EVP_MD_CTX  *ngx_http_opscom_digest_ctx;


ngx_int_t
ngx_http_opscom_digest_init(ngx_cycle_t *cycle)
{
    ngx_http_opscom_digest_ctx = EVP_MD_CTX_new();

    if (ngx_http_opscom_digest_ctx == NULL
        || EVP_DigestInit_ex(ngx_http_opscom_digest_ctx, EVP_sha256(), NULL)
           != 1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "opscom: SHA-256 is not available in OpenSSL");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_opscom_digest_exit(void)
{
    EVP_MD_CTX_free(ngx_http_opscom_digest_ctx);
    ngx_http_opscom_digest_ctx = NULL;
}


ngx_int_t
ngx_http_opscom_digest_sha256(u_char *hex, ngx_str_t *parts, ngx_uint_t nparts)
{
    u_char      digest[NGX_HTTP_OPSCOM_SHA256_BYTES];
    ngx_uint_t  i;

    /* NULL keeps the digest that is already fetched */

    if (EVP_DigestInit_ex(ngx_http_opscom_digest_ctx, NULL, NULL) != 1) {
        return NGX_ERROR;
    }

    for (i = 0; i < nparts; i++) {

        if (EVP_DigestUpdate(ngx_http_opscom_digest_ctx, parts[i].data,
                             parts[i].len)
            != 1)
        {
            return NGX_ERROR;
        }
    }

    if (EVP_DigestFinal_ex(ngx_http_opscom_digest_ctx, digest, NULL) != 1) {
        return NGX_ERROR;
    }

    ngx_hex_dump(hex, digest, sizeof(digest));

    return NGX_OK;
}


/* Compared in constant time, like any secret. */

ngx_int_t
ngx_http_opscom_digest_token(u_char *hex, ngx_str_t *token)
{
    uint32_t                        hash;
    ngx_http_opscom_token_t        *known;
    static ngx_http_opscom_token_t  tokens[NGX_HTTP_OPSCOM_TOKENS];

    hash = ngx_murmur_hash2(token->data, token->len);
    known = &tokens[hash & (NGX_HTTP_OPSCOM_TOKENS - 1)];

    if (known->len != token->len
        || CRYPTO_memcmp(known->text, token->data, token->len) != 0)
    {
        known->len = 0;

        if (token->len > NGX_HTTP_OPSCOM_TOKEN_LEN
            || ngx_http_opscom_digest_sha256(known->hex, token, 1) != NGX_OK)
        {
            return NGX_ERROR;
        }

        known->len = token->len;
        ngx_memcpy(known->text, token->data, token->len);
    }

    ngx_memcpy(hex, known->hex, sizeof(known->hex));

    return NGX_OK;
}


ngx_int_t
ngx_http_opscom_digest_random(uint8_t bytes[PERMIT_UUID_BYTES], ngx_log_t *log)
{
    static u_char  entropy[NGX_HTTP_OPSCOM_ENTROPY];
    static size_t  left;

    if (left == 0) {

        if (ngx_http_opscom_digest_entropy(entropy, log) != NGX_OK) {
            return NGX_ERROR;
        }

        left = sizeof(entropy);
    }

    /* bytes that were returned are erased */

    left -= PERMIT_UUID_BYTES;
    ngx_memcpy(bytes, entropy + left, PERMIT_UUID_BYTES);
    ngx_explicit_memzero(entropy + left, PERMIT_UUID_BYTES);

    return NGX_OK;
}


/* getrandom(2): what is more than 256 bytes a signal may cut short. */

static ngx_int_t
ngx_http_opscom_digest_entropy(u_char *entropy, ngx_log_t *log)
{
    size_t   filled;
    ssize_t  n;

    filled = 0;

    while (filled < NGX_HTTP_OPSCOM_ENTROPY) {
        n = getrandom(entropy + filled, NGX_HTTP_OPSCOM_ENTROPY - filled, 0);

        if (n > 0) {
            filled += (size_t) n;
            continue;
        }

        if (ngx_errno != NGX_EINTR) {
            ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                          "opscom: getrandom() failed");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

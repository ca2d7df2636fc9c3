
/*
 * Any bytes as Redis's replies, in pieces of any size: neither the reader nor
 * the functions that read the scripts' replies may misbehave.
 */


#include "ngx_opscom_permits.h"
#include "ngx_opscom_results.h"
#include "ngx_opscom_reader.h"
#include "ngx_opscom_write.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t              n, at;
    ngx_int_t           rc;
    ngx_pool_t         *pool;
    ngx_opscom_reply_t *reply;
    ngx_opscom_found_t  found;
    ngx_opscom_result_t result, results[3];
    ngx_opscom_reader_t reader;

    static ngx_str_t ids[] = {
        ngx_string("a-1"), ngx_string("b"), ngx_string("")
    };

    if (size < 1) {
        return 0;
    }

    memset(&reader, 0, sizeof(reader));

    if (ngx_opscom_reader_init(&reader, NULL) != NGX_OK) {
        return 0;
    }

    rc = NGX_AGAIN;

    for (at = 1; at < size && rc != NGX_ERROR; at += n) {
        n = data[0] ? (size_t) data[0] : size;
        n = n < size - at ? n : size - at;

        rc = ngx_opscom_reader_feed(&reader, (u_char *) data + at, n);

        while (rc == NGX_OK) {
            rc = ngx_opscom_reader_next(&reader, &reply);

            if (rc == NGX_OK) {
                pool = ngx_create_pool(1024, NULL);
                (void) ngx_opscom_results_write(
                    reply, &ids[0], &result, pool);
                (void) ngx_opscom_results_pushes(
                    reply, ids, 3, results, pool);
                (void) ngx_opscom_results_lookup(reply, &ids[2], &found, pool);
                ngx_destroy_pool(pool);
            }
        }
    }

    ngx_opscom_reader_destroy(&reader);

    return 0;
}

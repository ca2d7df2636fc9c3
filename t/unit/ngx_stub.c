
/*
 * The part of nginx's core that the protocol files of store/ need, for tests
 * that run without nginx: pools on malloc(), so that sanitizers check each block.
 */


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct block_s block_t;

struct block_s {
    block_t *next;
    u_char   bytes[];
};


static void *
take(ngx_pool_t *pool, size_t size)
{
    block_t *block;

    block = malloc(sizeof(block_t) + size);
    block->next = (block_t *) pool->chain;
    pool->chain = (ngx_chain_t *) block;

    return block->bytes;
}


ngx_pool_t *
ngx_create_pool(size_t size, ngx_log_t *log)
{
    return calloc(1, sizeof(ngx_pool_t));
}


void
ngx_reset_pool(ngx_pool_t *pool)
{
    block_t *block, *next;

    for (block = (block_t *) pool->chain; block; block = next) {
        next = block->next;
        free(block);
    }

    pool->chain = NULL;
}


void
ngx_destroy_pool(ngx_pool_t *pool)
{
    ngx_reset_pool(pool);
    free(pool);
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    return take(pool, size);
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return take(pool, size);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    return memset(take(pool, size), 0, size);
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size);
}


u_char *
ngx_pstrdup(ngx_pool_t *pool, ngx_str_t *src)
{
    return src->len ? memcpy(take(pool, src->len), src->data, src->len)
                    : take(pool, 0);
}


/* Only "%uL" is asked for. */

u_char *ngx_cdecl
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    buf += sprintf((char *) buf, "%" PRIu64, va_arg(args, uint64_t));
    va_end(args);

    return buf;
}


u_char *
ngx_hex_dump(u_char *dst, u_char *src, size_t len)
{
    while (len--) {
        dst += sprintf((char *) dst, "%02x", *src++);
    }

    return dst;
}


u_char *
ngx_strnstr(u_char *text, char *phrase, size_t n)
{
    return memmem(text, strnlen((char *) text, n), phrase, strlen(phrase));
}

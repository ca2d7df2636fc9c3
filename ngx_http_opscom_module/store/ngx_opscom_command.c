
/* EVALSHA, or EVAL, for one call or for several. */


#include "ngx_opscom_command.h"
#include "ngx_opscom_write.h"


#define NGX_OPSCOM_COMMAND_NUMBERS 3 /* calls, keys and arguments of each */


static u_char *ngx_opscom_command_script(u_char *p, ngx_opscom_call_t *call,
    ngx_opscom_script_t *script, ngx_uint_t argc, ngx_uint_t nkeys);
static u_char *ngx_opscom_command_joined(u_char *p, ngx_opscom_call_t **calls,
    ngx_uint_t n);
static u_char *ngx_opscom_command_part(u_char *p, ngx_opscom_call_t *call,
    size_t from, size_t to);


/* A name or a source, the number of keys, the words. */

size_t
ngx_opscom_command_size(ngx_opscom_call_t *call)
{
    size_t  size;

    size = NGX_OPSCOM_HEADER_SIZE + call->words.len;

    if (call->script == NULL) {
        return size;
    }

    size += 3 * NGX_OPSCOM_ARGUMENT_SIZE(64);

    /* not "?:": GCC 14 reads the source's length whatever the bit is */

    if (call->by_source) {
        size += call->script->source.len;

        if (call->join.script) {
            size += call->join.script->source.len;
        }
    }

    return size;
}


/* Most differ in their number of words, or not at all. */

ngx_uint_t
ngx_opscom_command_joins(ngx_opscom_call_t *first, ngx_opscom_call_t *second)
{
    u_char              *a, *b;
    ngx_opscom_join_t   *one, *other;

    one = &first->join;
    other = &second->join;

    if (one->script == NULL || one->script != other->script
        || first->argc != second->argc || first->nkeys != second->nkeys
        || first->by_source != second->by_source
        || one->own_keys != other->own_keys
        || one->own_argv - one->argv != other->own_argv - other->argv)
    {
        return 0;
    }

    a = first->words.data;
    b = second->words.data;

    return ngx_memcmp(a, b, one->own_keys) == 0
           && ngx_memcmp(a + one->argv, b + other->argv,
                         one->own_argv - one->argv)
              == 0;
}


u_char *
ngx_opscom_command_write(u_char *p, ngx_opscom_call_t **calls, ngx_uint_t n)
{
    ngx_opscom_call_t  *call;

    if (n > 1) {
        return ngx_opscom_command_joined(p, calls, n);
    }

    call = calls[0];

    p = call->script ? ngx_opscom_command_script(p, call, call->script,
                                                 call->argc, call->nkeys)
                     : ngx_opscom_write_header(p, call->argc);

    return ngx_cpymem(p, call->words.data, call->words.len);
}


static u_char *
ngx_opscom_command_script(u_char *p, ngx_opscom_call_t *call,
    ngx_opscom_script_t *script, ngx_uint_t argc, ngx_uint_t nkeys)
{
    p = ngx_opscom_write_header(p, argc + 3);

    if (call->by_source) {
        p = ngx_opscom_write_argument(p, (u_char *) "EVAL", 4);
        p = ngx_opscom_write_argument(p, script->source.data,
                                      script->source.len);

    } else {
        p = ngx_cpymem(p, script->evalsha, sizeof(script->evalsha));
    }

    return ngx_opscom_write_integer(p, nkeys);
}


static u_char *
ngx_opscom_command_joined(u_char *p, ngx_opscom_call_t **calls, ngx_uint_t n)
{
    ngx_uint_t          i, nargs, keys, args;
    ngx_opscom_call_t  *first;
    ngx_opscom_join_t  *join;

    first = calls[0];
    join = &first->join;

    nargs = first->argc - first->nkeys;
    keys = first->nkeys - join->nkeys;
    args = nargs - join->nargs;

    p = ngx_opscom_command_script(p, first, join->script,
                                  join->nkeys + n * keys + join->nargs
                                  + NGX_OPSCOM_COMMAND_NUMBERS + n * args,
                                  join->nkeys + n * keys);

    p = ngx_opscom_command_part(p, first, 0, join->own_keys);

    for (i = 0; i < n; i++) {
        p = ngx_opscom_command_part(p, calls[i], calls[i]->join.own_keys,
                                    calls[i]->join.argv);
    }

    p = ngx_opscom_command_part(p, first, join->argv, join->own_argv);

    p = ngx_opscom_write_integer(p, n);
    p = ngx_opscom_write_integer(p, keys);
    p = ngx_opscom_write_integer(p, args);

    for (i = 0; i < n; i++) {
        p = ngx_opscom_command_part(p, calls[i], calls[i]->join.own_argv,
                                    calls[i]->words.len);
    }

    return p;
}


static u_char *
ngx_opscom_command_part(u_char *p, ngx_opscom_call_t *call, size_t from,
    size_t to)
{
    return ngx_cpymem(p, call->words.data + from, to - from);
}


/* An error, or an array of one element, is the answer to all. */

ngx_opscom_reply_t *
ngx_opscom_command_reply(ngx_opscom_reply_t *reply, ngx_uint_t n,
    ngx_uint_t i)
{
    if (n == 1 || reply->type == REDIS_REPLY_ERROR) {
        return reply;
    }

    if (reply->type != REDIS_REPLY_ARRAY) {
        return NULL;
    }

    if (reply->nelts == 1) {
        return reply;
    }

    return reply->nelts == n ? reply->elts[i] : NULL;
}

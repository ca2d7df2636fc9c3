
/*
 * Prints the command that a call is, in RESP, for tests that give the scripts
 * what no request can:
 *
 *     script_call push|pushes|update|delete|lookup NAME=VALUE ... [-- NAME=VALUE ...]
 *
 * A name is a member of ngx_opscom_write_t or ngx_opscom_lookup_t, "again" or
 * "field.NAME"; what stands behind "--" is a further permit, which starts as a
 * copy of the one before it.
 */


#include <stdio.h>

#include "ngx_opscom_permits.h"


#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAX_FIELDS   20

#define text(type, name)   { #name, offsetof(ngx_opscom_##type##_t, name), 0 }
#define number(type, name) { #name, offsetof(ngx_opscom_##type##_t, name), 1 }


typedef struct {
    const char *name;
    size_t      offset;
    int         number;
} member_t;


static const member_t write_members[] = {
    text(write, prefix), text(write, client), text(write, token_digest),
    text(write, reference_id), text(write, now), number(write, now_seconds),
    text(write, plate), text(write, start), text(write, end),
    text(write, zone), number(write, end_seconds), text(write, fingerprint),
    text(write, idempotency), number(write, idempotency_ttl),
    number(write, dedup), number(write, retention), number(write, persist),
    number(write, stream_maxlen), number(write, stream_minimal),
    number(write, replicas)
};

static const member_t lookup_members[] = {
    text(lookup, prefix), text(lookup, client), text(lookup, token_digest),
    text(lookup, reference_id), text(lookup, plate), text(lookup, zone),
    number(lookup, at)
};


static void
set(const member_t *members, size_t n, void *to, char *word)
{
    char  *value;
    size_t i;

    value = strchr(word, '=');
    *value++ = '\0';

    for (i = 0; i < n; i++) {

        if (strcmp(members[i].name, word) != 0) {
            continue;
        }

        if (members[i].number) {
            *(uint64_t *) ((u_char *) to + members[i].offset)
                = strtoull(value, NULL, 10);

        } else {
            ((ngx_str_t *) ((u_char *) to + members[i].offset))->data
                = (u_char *) value;
            ((ngx_str_t *) ((u_char *) to + members[i].offset))->len
                = strlen(value);
        }

        return;
    }

    fprintf(stderr, "no member %s\n", word);
    exit(2);
}


static void
set_field(ngx_opscom_write_t *write, char *word)
{
    char               *value;
    size_t              i;
    ngx_opscom_field_t *field;

    value = strchr(word, '=');
    *value++ = '\0';

    for (i = 0; i < write->nfields; i++) {
        if (strcmp((char *) write->fields[i].name.data, word) == 0) {
            break;
        }
    }

    field = &write->fields[i];
    field->name.data = (u_char *) word;
    field->name.len = strlen(word);
    field->value.data = (u_char *) value;
    field->value.len = strlen(value);

    if (i == write->nfields) {
        write->nfields++;
    }
}


static void
print(ngx_opscom_call_t *call)
{
    printf("*%d\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n", (int) (3 + call->argc),
           (int) call->script->source.len, call->script->source.data);
    printf("$%d\r\n%d\r\n", snprintf(NULL, 0, "%d", (int) call->nkeys),
           (int) call->nkeys);
    fwrite(call->words.data, call->words.len, 1, stdout);
}


int
main(int argc, char **argv)
{
    int                 i;
    size_t              n;
    ngx_log_t           log;
    ngx_uint_t          again;
    ngx_pool_t         *pool;
    ngx_opscom_call_t   call;
    ngx_opscom_lookup_t lookup;

    static ngx_opscom_write_t writes[NGX_OPSCOM_MAX_PUSHES];
    static ngx_opscom_field_t fields[NGX_OPSCOM_MAX_PUSHES][MAX_FIELDS];

    memset(&call, 0, sizeof(call));
    memset(&lookup, 0, sizeof(lookup));
    ngx_opscom_scripts_init();

    n = 0;
    again = 0;
    writes[0].fields = fields[0];

    for (i = 2; i < argc; i++) {

        if (strcmp(argv[i], "--") == 0) {
            writes[n + 1] = writes[n];
            memcpy(fields[n + 1], fields[n], sizeof(fields[n]));
            n++;
            writes[n].fields = fields[n];

        } else if (strcmp(argv[i], "again=1") == 0) {
            again = 1;

        } else if (strncmp(argv[i], "field.", 6) == 0) {
            set_field(&writes[n], argv[i] + 6);

        } else if (argv[1][0] == 'l') {
            set(lookup_members, COUNT(lookup_members), &lookup, argv[i]);

        } else {
            set(write_members, COUNT(write_members), &writes[n], argv[i]);
        }
    }

    pool = ngx_create_pool(1024, &log);

    if (strcmp(argv[1], "push") == 0) {
        (void) ngx_opscom_permits_push(&call, writes, pool);

    } else if (strcmp(argv[1], "pushes") == 0) {
        (void) ngx_opscom_permits_pushes(&call, writes, n + 1, pool);

    } else if (strcmp(argv[1], "update") == 0) {
        (void) ngx_opscom_permits_update(&call, writes, pool);

    } else if (strcmp(argv[1], "delete") == 0) {
        (void) ngx_opscom_permits_delete(&call, writes, pool);

    } else {
        (void) ngx_opscom_permits_lookup(&call, &lookup, pool);
    }

    if (again && call.again) {
        *call.again = '1';
    }

    print(&call);
    ngx_destroy_pool(pool);

    return 0;
}

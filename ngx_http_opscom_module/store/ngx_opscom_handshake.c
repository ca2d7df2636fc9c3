
/*
 * Commands that are sent to a Redis server before it is used, all in one write:
 * AUTH, ROLE, SELECT, CLIENT SETNAME, SCRIPT LOAD.
 */


#include "ngx_opscom_handshake.h"
#include "ngx_opscom_text.h"


static ngx_int_t ngx_opscom_handshake_auth(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_handshake_role(ngx_opscom_link_t *link);
static void ngx_opscom_handshake_master(void *data, ngx_opscom_reply_t *reply);
static ngx_int_t ngx_opscom_handshake_select(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_handshake_name(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_handshake_scripts(ngx_opscom_link_t *link);
static void ngx_opscom_handshake_script(void *data,
    ngx_opscom_reply_t *reply);
static void ngx_opscom_handshake_evalsha(void *data,
    ngx_opscom_reply_t *reply);
static void ngx_opscom_handshake_required(void *data,
    ngx_opscom_reply_t *reply);
static void ngx_opscom_handshake_optional(void *data,
    ngx_opscom_reply_t *reply);
static ngx_int_t ngx_opscom_handshake_is_unknown(ngx_opscom_reply_t *reply);
static ngx_int_t ngx_opscom_handshake_is_error(ngx_opscom_reply_t *reply,
    ngx_str_t *start);
static void ngx_opscom_handshake_done(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_handshake_error_passes(ngx_str_t *text);


void
ngx_opscom_handshake_start(ngx_opscom_link_t *link)
{
    if (ngx_opscom_handshake_auth(link) != NGX_OK
        || ngx_opscom_handshake_role(link) != NGX_OK
        || ngx_opscom_handshake_select(link) != NGX_OK
        || ngx_opscom_handshake_name(link) != NGX_OK
        || ngx_opscom_handshake_scripts(link) != NGX_OK)
    {
        ngx_opscom_link_fail(link, "no memory", 0);
    }
}


/* A user without a password is "nopass" in Redis. */

static ngx_int_t
ngx_opscom_handshake_auth(ngx_opscom_link_t *link)
{
    ngx_str_t   argv[3];
    ngx_uint_t  argc;

    if (link->settings->username.len == 0 && link->settings->password.len == 0)
    {
        return NGX_OK;
    }

    argc = 0;
    ngx_str_set(&argv[argc], "AUTH");
    argc++;

    if (link->settings->username.len) {
        argv[argc++] = link->settings->username;
    }

    argv[argc++] = link->settings->password;

    return ngx_opscom_link_command(link, argv, argc,
                                   ngx_opscom_handshake_required);
}


/* A sentinel may return the address of a server that is no longer a master. */

static ngx_int_t
ngx_opscom_handshake_role(ngx_opscom_link_t *link)
{
    static ngx_str_t  role = ngx_string("ROLE");

    if (link->settings->sentinel.len == 0) {
        return NGX_OK;
    }

    return ngx_opscom_link_command(link, &role, 1, ngx_opscom_handshake_master);
}


static void
ngx_opscom_handshake_master(void *data, ngx_opscom_reply_t *reply)
{
    ngx_opscom_link_t   *link;
    ngx_opscom_reply_t  *role;
    static ngx_str_t     master = ngx_string("master");

    link = data;

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_opscom_handshake_required(link, reply);
        return;
    }

    role = reply->nelts ? reply->elts[0] : reply;

    if (!ngx_opscom_text_equal(&role->text, &master)) {
        ngx_opscom_link_fail(link, "server is not a master", 0);
        return;
    }

    ngx_opscom_handshake_done(link);
}


static ngx_int_t
ngx_opscom_handshake_select(ngx_opscom_link_t *link)
{
    u_char     database[NGX_INT_T_LEN];
    ngx_str_t  argv[2];

    if (link->settings->database == 0) {
        return NGX_OK;
    }

    ngx_str_set(&argv[0], "SELECT");

    argv[1].data = database;
    argv[1].len = ngx_sprintf(database, "%ui", link->settings->database)
        - database;

    return ngx_opscom_link_command(link, argv, 2,
                                   ngx_opscom_handshake_required);
}


/* For the output of CLIENT LIST. */

static ngx_int_t
ngx_opscom_handshake_name(ngx_opscom_link_t *link)
{
    u_char     name[sizeof("nginx-opscom-") + NGX_INT64_LEN];
    ngx_str_t  argv[3];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "SETNAME");

    argv[2].data = name;
    argv[2].len = ngx_sprintf(name, "nginx-opscom-%P", ngx_pid) - name;

    return ngx_opscom_link_command(link, argv, 3,
                                   ngx_opscom_handshake_optional);
}


static ngx_int_t
ngx_opscom_handshake_scripts(ngx_opscom_link_t *link)
{
    ngx_str_t   argv[3];
    ngx_uint_t  i;

    ngx_str_set(&argv[0], "SCRIPT");
    ngx_str_set(&argv[1], "LOAD");

    for (i = 0; i < NGX_OPSCOM_SCRIPTS; i++) {
        argv[2] = ngx_opscom_scripts[i].source;

        if (ngx_opscom_link_command(link, argv, 3,
                                    ngx_opscom_handshake_script)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* A server without SCRIPT may have no scripts at all: a sentinel, for one. */

static void
ngx_opscom_handshake_script(void *data, ngx_opscom_reply_t *reply)
{
    ngx_opscom_link_t  *link;
    static ngx_str_t    none[] = { ngx_string("EVALSHA"), ngx_string("0"),
                                   ngx_string("0") };

    link = data;

    if (ngx_opscom_handshake_is_unknown(reply)
        && ngx_opscom_link_command(link, none, 3, ngx_opscom_handshake_evalsha)
           != NGX_OK)
    {
        ngx_opscom_link_fail(link, "no memory", 0);
        return;
    }

    ngx_opscom_handshake_optional(link, reply);
}


/* There is no such script: who says so knows the command. */

static void
ngx_opscom_handshake_evalsha(void *data, ngx_opscom_reply_t *reply)
{
    static ngx_str_t  no_script = ngx_string("NOSCRIPT");

    if (ngx_opscom_handshake_is_error(reply, &no_script)) {
        ngx_opscom_handshake_done(data);
        return;
    }

    if (ngx_opscom_handshake_is_unknown(reply)) {
        ngx_opscom_handshake_required(data, reply);
        return;
    }

    ngx_opscom_handshake_optional(data, reply);
}


/* Redis echoes no password in its errors. */

static void
ngx_opscom_handshake_required(void *data, ngx_opscom_reply_t *reply)
{
    u_char              shown[NGX_OPSCOM_TEXT_SHOWN + 1];
    ngx_opscom_link_t  *link;

    link = data;

    if (reply->type != REDIS_REPLY_ERROR) {
        ngx_opscom_handshake_done(link);
        return;
    }

    ngx_opscom_account_refusal(link->account, &reply->text);

    if (!ngx_opscom_handshake_error_passes(&reply->text)) {
        ngx_opscom_link_reject(link, &reply->text);
        return;
    }

    shown[ngx_opscom_text_show(shown, NGX_OPSCOM_TEXT_SHOWN, &reply->text)]
        = '\0';

    ngx_opscom_link_fail(link, (char *) shown, 0);
}


static ngx_int_t
ngx_opscom_handshake_error_passes(ngx_str_t *text)
{
    switch (ngx_opscom_account_reason(text)) {

    case NGX_OPSCOM_REFUSAL_LOADING:
    case NGX_OPSCOM_REFUSAL_MASTERDOWN:
    case NGX_OPSCOM_REFUSAL_READONLY:
    case NGX_OPSCOM_REFUSAL_CLUSTERDOWN:
        return 1;

    default:
        return 0;
    }
}


/*
 * The link works where CLIENT and SCRIPT are forbidden by Redis's ACL, or were
 * taken away by rename-command.  Any other error (LOADING, NOAUTH,
 * MASTERDOWN ...) would be the reply to permits, too.
 */

static void
ngx_opscom_handshake_optional(void *data, ngx_opscom_reply_t *reply)
{
    if (reply->type == REDIS_REPLY_ERROR
        && !ngx_opscom_handshake_is_unknown(reply)
        && ngx_opscom_account_reason(&reply->text)
           != NGX_OPSCOM_REFUSAL_NOPERM)
    {
        ngx_opscom_handshake_required(data, reply);
        return;
    }

    ngx_opscom_handshake_done(data);
}


static ngx_int_t
ngx_opscom_handshake_is_unknown(ngx_opscom_reply_t *reply)
{
    static ngx_str_t  unknown = ngx_string("ERR unknown command");

    return ngx_opscom_handshake_is_error(reply, &unknown);
}


static ngx_int_t
ngx_opscom_handshake_is_error(ngx_opscom_reply_t *reply, ngx_str_t *start)
{
    return reply->type == REDIS_REPLY_ERROR
           && ngx_opscom_text_starts_with(&reply->text, start);
}


static void
ngx_opscom_handshake_done(ngx_opscom_link_t *link)
{
    if (--link->handshake == 0) {
        ngx_opscom_link_ready(link);
    }
}

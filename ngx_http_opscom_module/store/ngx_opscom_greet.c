
/*
 * What is said to a Redis server before it is of use, all in one flight:
 * AUTH, ROLE, SELECT, CLIENT SETNAME, SCRIPT LOAD.
 */


#include "ngx_opscom_link.h"


static ngx_int_t ngx_opscom_greet_auth(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_greet_role(ngx_opscom_link_t *link);
static void      ngx_opscom_greet_master(
         ngx_opscom_link_t *link, ngx_opscom_reply_t *reply);
static ngx_int_t ngx_opscom_greet_select(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_greet_name(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_greet_scripts(ngx_opscom_link_t *link);
static ngx_int_t ngx_opscom_greet_say(ngx_opscom_link_t *link, ngx_str_t *argv,
    ngx_uint_t argc, ngx_opscom_step_pt step);
static void      ngx_opscom_greet_required(
         ngx_opscom_link_t *link, ngx_opscom_reply_t *reply);
static void ngx_opscom_greet_welcome(
    ngx_opscom_link_t *link, ngx_opscom_reply_t *reply);
static void ngx_opscom_greet_heard(ngx_opscom_link_t *link);


ngx_int_t
ngx_opscom_link_greet(ngx_opscom_link_t *link)
{
    if (link->asking) {
        return ngx_opscom_sentinel_ask(link);
    }

    if (ngx_opscom_greet_auth(link) != NGX_OK
        || ngx_opscom_greet_role(link) != NGX_OK
        || ngx_opscom_greet_select(link) != NGX_OK
        || ngx_opscom_greet_name(link) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_opscom_greet_scripts(link);
}


/* A user without a password is one that Redis knows as "nopass". */

static ngx_int_t
ngx_opscom_greet_auth(ngx_opscom_link_t *link)
{
    ngx_str_t  argv[3];
    ngx_uint_t argc;

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

    return ngx_opscom_greet_say(link, argv, argc, ngx_opscom_greet_required);
}


/* A sentinel may speak of a master that is none any more. */

static ngx_int_t
ngx_opscom_greet_role(ngx_opscom_link_t *link)
{
    static ngx_str_t role = ngx_string("ROLE");

    if (link->settings->sentinel.len == 0) {
        return NGX_OK;
    }

    return ngx_opscom_greet_say(link, &role, 1, ngx_opscom_greet_master);
}


static void
ngx_opscom_greet_master(ngx_opscom_link_t *link, ngx_opscom_reply_t *reply)
{
    ngx_opscom_reply_t *role;
    static ngx_str_t    master = ngx_string("master");

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_opscom_greet_required(link, reply);
        return;
    }

    role = reply->nelts ? reply->elts[0] : reply;

    if (role->text.len != master.len
        || ngx_strncmp(role->text.data, master.data, master.len) != 0)
    {
        ngx_opscom_link_fail(link, "it is no master", 0);
        return;
    }

    ngx_opscom_greet_heard(link);
}


static ngx_int_t
ngx_opscom_greet_select(ngx_opscom_link_t *link)
{
    u_char    database[NGX_INT_T_LEN];
    ngx_str_t argv[2];

    if (link->settings->database == 0) {
        return NGX_OK;
    }

    ngx_str_set(&argv[0], "SELECT");

    argv[1].data = database;
    argv[1].len = ngx_sprintf(database, "%ui", link->settings->database)
        - database;

    return ngx_opscom_greet_say(link, argv, 2, ngx_opscom_greet_required);
}


/* For the operator who looks at CLIENT LIST. */

static ngx_int_t
ngx_opscom_greet_name(ngx_opscom_link_t *link)
{
    u_char    name[sizeof("nginx-opscom-") + NGX_INT64_LEN];
    ngx_str_t argv[3];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "SETNAME");

    argv[2].data = name;
    argv[2].len = ngx_sprintf(name, "nginx-opscom-%P", ngx_pid) - name;

    return ngx_opscom_greet_say(link, argv, 3, ngx_opscom_greet_welcome);
}


static ngx_int_t
ngx_opscom_greet_scripts(ngx_opscom_link_t *link)
{
    ngx_str_t  argv[3];
    ngx_uint_t i;

    ngx_str_set(&argv[0], "SCRIPT");
    ngx_str_set(&argv[1], "LOAD");

    for (i = 0; i < NGX_OPSCOM_SCRIPTS; i++) {
        argv[2] = ngx_opscom_scripts[i].source;

        if (ngx_opscom_greet_say(link, argv, 3, ngx_opscom_greet_welcome)
            != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_opscom_greet_say(ngx_opscom_link_t *link, ngx_str_t *argv, ngx_uint_t argc,
    ngx_opscom_step_pt step)
{
    link->greetings++;

    return ngx_opscom_link_command(
        link, argv, argc, step, link->settings->connect_timeout);
}


static void
ngx_opscom_greet_required(ngx_opscom_link_t *link, ngx_opscom_reply_t *reply)
{
    u_char why[NGX_MAX_ERROR_STR];

    if (reply->type == REDIS_REPLY_ERROR) {

        /* Redis echoes no password in its errors */

        (void) ngx_snprintf(why, sizeof(why), "%V%Z", &reply->text);
        ngx_opscom_link_fail(link, (char *) why, 0);
        return;
    }

    ngx_opscom_greet_heard(link);
}


/*
 * Redis's ACL may forbid CLIENT and SCRIPT: the link works without.  Any other
 * error (LOADING, NOAUTH, MASTERDOWN ...) would meet the permits too.
 */

static void
ngx_opscom_greet_welcome(ngx_opscom_link_t *link, ngx_opscom_reply_t *reply)
{
    if (reply->type == REDIS_REPLY_ERROR
        && ngx_strncmp(reply->text.data, "NOPERM", 6) != 0)
    {
        ngx_opscom_greet_required(link, reply);
        return;
    }

    ngx_opscom_greet_heard(link);
}


static void
ngx_opscom_greet_heard(ngx_opscom_link_t *link)
{
    if (--link->greetings == 0) {
        ngx_opscom_link_ready(link);
    }
}

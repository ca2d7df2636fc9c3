
/* The scripts that run in Redis, and how they are called. */


#include "ngx_opscom_scripts.h"
#include "ngx_opscom_scripts_lua.h" /* generated from scripts/ */

#include <openssl/sha.h>


#define ngx_opscom_script(name)                                               \
    {                                                                         \
        ngx_string(#name),                                                    \
        { sizeof(ngx_opscom_##name##_lua) - 1, ngx_opscom_##name##_lua },     \
        { 0 }                                                                 \
    }


ngx_opscom_script_t ngx_opscom_scripts[NGX_OPSCOM_SCRIPTS] = {
    [NGX_OPSCOM_SCRIPT_PUSH] = ngx_opscom_script(push),
    [NGX_OPSCOM_SCRIPT_UPDATE] = ngx_opscom_script(update),
    [NGX_OPSCOM_SCRIPT_DELETE] = ngx_opscom_script(delete),
    [NGX_OPSCOM_SCRIPT_BULK] = ngx_opscom_script(bulk),
    [NGX_OPSCOM_SCRIPT_LOOKUP] = ngx_opscom_script(lookup),
};


void
ngx_opscom_scripts_init(void)
{
    u_char               *p, digest[SHA_DIGEST_LENGTH];
    ngx_uint_t            i;
    ngx_opscom_script_t  *script;

    for (i = 0; i < NGX_OPSCOM_SCRIPTS; i++) {
        script = &ngx_opscom_scripts[i];

        SHA1(script->source.data, script->source.len, digest);

        p = ngx_cpymem(script->evalsha, NGX_OPSCOM_EVALSHA,
                       NGX_OPSCOM_EVALSHA_LEN);
        p = ngx_hex_dump(p, digest, SHA_DIGEST_LENGTH);
        *p++ = CR;
        *p = LF;
    }
}


/* The Lua scripts that run inside Redis. */


#ifndef NGX_OPSCOM_SCRIPTS_H_INCLUDED
#define NGX_OPSCOM_SCRIPTS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_OPSCOM_SHA1_LEN 40 /* lower-case hex: EVALSHA's name of a script */

#define NGX_OPSCOM_EVALSHA     "$7\r\nEVALSHA\r\n$40\r\n"
#define NGX_OPSCOM_EVALSHA_LEN (sizeof(NGX_OPSCOM_EVALSHA) - 1)


typedef struct {
    ngx_str_t  name;
    ngx_str_t  source;
    u_char evalsha[NGX_OPSCOM_EVALSHA_LEN + NGX_OPSCOM_SHA1_LEN + sizeof(CRLF)
        - 1]; /* the first two words, in RESP */
} ngx_opscom_script_t;


typedef enum {
    NGX_OPSCOM_SCRIPT_PUSH,
    NGX_OPSCOM_SCRIPT_UPDATE,
    NGX_OPSCOM_SCRIPT_DELETE,
    NGX_OPSCOM_SCRIPT_BULK,
    NGX_OPSCOM_SCRIPT_LOOKUP,
    NGX_OPSCOM_SCRIPTS
} ngx_opscom_script_id_t;


extern ngx_opscom_script_t ngx_opscom_scripts[NGX_OPSCOM_SCRIPTS];


/* Names the scripts; once, before any is sent. */
void ngx_opscom_scripts_init(void);


#endif /* NGX_OPSCOM_SCRIPTS_H_INCLUDED */

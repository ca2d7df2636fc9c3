
/* The version of the module, as opscom_build_info has it. */


#ifndef NGX_HTTP_OPSCOM_VERSION_H_INCLUDED
#define NGX_HTTP_OPSCOM_VERSION_H_INCLUDED


#define NGX_HTTP_OPSCOM_VERSION "1.1.0"


#endif /* NGX_HTTP_OPSCOM_VERSION_H_INCLUDED */

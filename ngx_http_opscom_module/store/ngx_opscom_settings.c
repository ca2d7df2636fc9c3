
/* By which settings stores differ. */


#include "ngx_opscom_settings.h"
#include "ngx_opscom_text.h"


static ngx_int_t ngx_opscom_settings_numbers(ngx_opscom_settings_t *one,
    ngx_opscom_settings_t *other);
static ngx_int_t ngx_opscom_settings_addresses(ngx_array_t *one,
    ngx_array_t *other);


ngx_int_t
ngx_opscom_settings_equal(ngx_opscom_settings_t *one,
    ngx_opscom_settings_t *other)
{
    return ngx_opscom_settings_addresses(one->addresses, other->addresses)
           && ngx_opscom_settings_numbers(one, other)
           && ngx_opscom_text_equal(&one->username, &other->username)
           && ngx_opscom_text_equal(&one->password, &other->password)
           && ngx_opscom_text_equal(&one->sentinel, &other->sentinel)
#if (NGX_SSL)
           && one->tls == other->tls
           && ngx_opscom_text_equal(&one->server_name, &other->server_name)
           && ngx_opscom_text_equal(&one->trusted, &other->trusted)
           && ngx_opscom_text_equal(&one->certificate, &other->certificate)
           && ngx_opscom_text_equal(&one->certificate_key,
                                    &other->certificate_key)
#endif
           ;
}


static ngx_int_t
ngx_opscom_settings_numbers(ngx_opscom_settings_t *one,
    ngx_opscom_settings_t *other)
{
    return one->database == other->database
           && one->connections == other->connections
           && one->connect_timeout == other->connect_timeout
           && one->timeout == other->timeout
           && one->retry == other->retry
           && one->queue == other->queue
           && one->replicas == other->replicas
           && one->replicas_time == other->replicas_time
           && one->cluster == other->cluster
           && one->resolver == other->resolver
           && one->resolver_timeout == other->resolver_timeout;
}


static ngx_int_t
ngx_opscom_settings_addresses(ngx_array_t *one, ngx_array_t *other)
{
    ngx_uint_t             i;
    ngx_opscom_address_t  *a, *b;

    if (one->nelts != other->nelts) {
        return 0;
    }

    a = one->elts;
    b = other->elts;

    for (i = 0; i < one->nelts; i++) {

        if (!ngx_opscom_text_equal(&a[i].text, &b[i].text)) {
            return 0;
        }
    }

    return 1;
}

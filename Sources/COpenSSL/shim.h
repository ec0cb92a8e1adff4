#pragma once
// libcrypto 3.0's digests, randomness and errors are plain functions that Swift imports; much of libssl is macros.
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Options are built by a macro with arguments (SSL_OP_BIT).
static inline uint64_t sluice_ssl_options(void) {
    return SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
}

// SSL_CTX_ctrl and SSL_ctrl behind macros.
static inline int sluice_ssl_ctx_set_versions(SSL_CTX *context, int least, int most) {
    return SSL_CTX_set_min_proto_version(context, least) && SSL_CTX_set_max_proto_version(context, most);
}
static inline int sluice_ssl_ctx_set_groups(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}
static inline void sluice_ssl_ctx_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }
static inline void sluice_ssl_ctx_set_cache_off(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline void sluice_ssl_ctx_set_certificate_list_max(SSL_CTX *context, long bytes) {
    SSL_CTX_set_max_cert_list(context, bytes);
}
static inline void sluice_ssl_ctx_set_name_function(
    SSL_CTX *context, int (*function)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, function);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}
static inline int sluice_ssl_set_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// Typed stacks are macros.
static inline STACK_OF(X509) *sluice_x509_stack_new(void) { return sk_X509_new_null(); }
static inline int sluice_x509_stack_push(STACK_OF(X509) *stack, X509 *certificate) {
    return sk_X509_push(stack, certificate);
}
static inline void sluice_x509_stack_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }
static inline STACK_OF(X509_NAME) *sluice_x509_names_new(void) { return sk_X509_NAME_new_null(); }
static inline int sluice_x509_names_push(STACK_OF(X509_NAME) *stack, X509_NAME *name) {
    return sk_X509_NAME_push(stack, name);
}

// The retry flags are set by macros with arguments.
static inline void sluice_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void sluice_bio_retry_clear(BIO *bio) { BIO_clear_retry_flags(bio); }

// ERR_GET_LIB and ERR_GET_REASON became inline functions only in 3.0; ERR_LIB_* are macros over them elsewhere.
static inline int sluice_err_is_ssl(unsigned long code) { return ERR_GET_LIB(code) == ERR_LIB_SSL; }
static inline int sluice_err_is_pem(unsigned long code) { return ERR_GET_LIB(code) == ERR_LIB_PEM; }
static inline int sluice_err_reason(unsigned long code) { return ERR_GET_REASON(code); }

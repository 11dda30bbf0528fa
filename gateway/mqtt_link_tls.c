/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_tls.c -- OpenSSL behind mqtt_link_tls.h. libmosquitto's own TLS
 * takes the system's clock and tells a refusal in the library's words only.
 */
#include "gateway/mqtt_link_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALPN_BYTES_MAX = 255 };

struct link_tls {
	const struct mqtt_link_settings *settings;
	SSL_CTX *context;
	int64_t time_wall_ms;
	bool refused;
	char why[LINK_WHY_MAX];
};

int64_t link_tls_time_wall_ms(int64_t system_wall_ms, int64_t known_wall_ms)
{
	const int64_t built_wall_ms = INT64_C(1000) * BYPORT_BUILD_WALL_S;
	int64_t least_wall_ms = known_wall_ms > built_wall_ms ? known_wall_ms : built_wall_ms;
	return system_wall_ms > least_wall_ms ? system_wall_ms : least_wall_ms;
}

/* ---- why a certificate is refused ---- */

/* clang-format off */
static const struct {
	int error;
	enum link_certificate_fault fault;
} faults[] = {
	{X509_V_ERR_HOSTNAME_MISMATCH,                 CERTIFICATE_OTHER_NAME},
	{X509_V_ERR_IP_ADDRESS_MISMATCH,               CERTIFICATE_OTHER_NAME},
	{X509_V_ERR_CERT_HAS_EXPIRED,                  CERTIFICATE_EXPIRED},
	{X509_V_ERR_CERT_NOT_YET_VALID,                CERTIFICATE_NOT_YET_VALID},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,       CERTIFICATE_SELF_SIGNED},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,         CERTIFICATE_OTHER_ISSUER},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,         CERTIFICATE_OTHER_ISSUER},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, CERTIFICATE_OTHER_ISSUER},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,   CERTIFICATE_OTHER_ISSUER},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE,            CERTIFICATE_OTHER_ISSUER},
};
/* clang-format on */

static enum link_certificate_fault fault_of(int error)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (faults[i].error == error)
			return faults[i].fault;
	}
	return CERTIFICATE_OTHER_FAULT;
}

/* Common name, else organisation. */
static void copy_name(const X509_NAME *name, char ret_name[static LINK_NAME_MAX])
{
	static const int parts[] = {
		NID_commonName, NID_organizationName, NID_organizationalUnitName};
	snprintf(ret_name, LINK_NAME_MAX, "a name without words");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		unsigned char *text = NULL;
		int at = X509_NAME_get_index_by_NID(name, parts[i], -1);
		const X509_NAME_ENTRY *entry = at >= 0 ? X509_NAME_get_entry(name, at) : NULL;
		int length =
			entry ? ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry)) : -1;
		if (length <= 0)
			continue;
		link_text_clean(ret_name, (const char *)text, (size_t)length);
		OPENSSL_free(text);
		return;
	}
}

static void copy_alternative(const GENERAL_NAME *name, char ret_name[static LINK_NAME_MAX])
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const unsigned char *bytes = ASN1_STRING_get0_data(value);
	size_t length = (size_t)ASN1_STRING_length(value);
	if (type == GEN_IPADD && length == 4)
		snprintf(ret_name, LINK_NAME_MAX, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2],
			bytes[3]);
	else
		link_text_clean(ret_name, (const char *)bytes, length);
}

/* The first host it is for. */
static void copy_host(X509 *certificate, char ret_name[static LINK_NAME_MAX])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found = false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		found = name->type == GEN_DNS || name->type == GEN_IPADD;
		if (found)
			copy_alternative(name, ret_name);
	}
	GENERAL_NAMES_free(names);
	if (!found)
		copy_name(X509_get_subject_name(certificate), ret_name);
}

static void copy_date(const ASN1_TIME *date, char ret_date[static LINK_DATE_MAX])
{
	struct tm parts;
	if (ASN1_TIME_to_tm(date, &parts) != 1 ||
		strftime(ret_date, LINK_DATE_MAX, "%Y-%m-%d %H:%M", &parts) == 0)
		snprintf(ret_date, LINK_DATE_MAX, "unknown");
}

static void note_refusal(struct link_tls *tls, X509_STORE_CTX *store, int error)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	struct link_certificate facts = {.fault = fault_of(error),
		.is_brokers = X509_STORE_CTX_get_error_depth(store) == 0,
		.detail = X509_verify_cert_error_string(error)};
	time_t taken_s = (time_t)(tls->time_wall_ms / 1000);
	struct tm taken;
	if (!certificate)
		facts.fault = CERTIFICATE_OTHER_FAULT;
	if (certificate) {
		copy_name(X509_get_issuer_name(certificate), facts.issuer);
		copy_name(X509_get_subject_name(certificate), facts.subject);
		copy_host(certificate, facts.host);
		copy_date(X509_get0_notBefore(certificate), facts.from);
		copy_date(X509_get0_notAfter(certificate), facts.until);
	}
	strftime(facts.taken, sizeof(facts.taken), "%Y-%m-%d %H:%M", gmtime_r(&taken_s, &taken));
	link_text_certificate(tls->why, tls->settings, &facts);
	tls->refused = true;
}

/* The first thing found is told; it ends the handshake. */
static int on_verify(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct link_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (!good && !tls->refused)
		note_refusal(tls, store, X509_STORE_CTX_get_error(store));
	return good;
}

/* ---- our own certificate ---- */

/* What stands under a passphrase is not asked for on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

int64_t mqtt_link_certificate_end(const char *certificate_file)
{
	int64_t end_wall_ms = INT64_MIN;
	struct tm parts;
	BIO *file = certificate_file ? BIO_new_file(certificate_file, "r") : NULL;
	/* Our own stands first, its issuers behind it. */
	X509 *certificate = file ? PEM_read_bio_X509(file, NULL, no_passphrase, NULL) : NULL;
	if (certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1)
		end_wall_ms = (int64_t)timegm(&parts) * 1000;
	X509_free(certificate);
	BIO_free(file);
	ERR_clear_error();
	return end_wall_ms;
}

/* ---- the context ---- */

static const char *load_trusted(SSL_CTX *context, const char *ca_file)
{
	if (!ca_file)
		return SSL_CTX_load_verify_dir(context, LINK_SYSTEM_CA_DIRECTORY) == 1
			       ? NULL
			       : "the system's trusted certificates cannot be read";
	return SSL_CTX_load_verify_file(context, ca_file) == 1
		       ? NULL
		       : "the file of trusted certificates (ca_file) holds no certificate in PEM";
}

static const char *load_own(SSL_CTX *context, const struct mqtt_link_settings *settings)
{
	if (!settings->certificate_file != !settings->key_file)
		return "our certificate and its key (certificate_file, key_file) belong together";
	if (!settings->certificate_file)
		return NULL;
	if (SSL_CTX_use_certificate_chain_file(context, settings->certificate_file) != 1)
		return "the file with our certificate (certificate_file) holds none in PEM";
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	/* It is compared with the certificate here already. */
	ERR_clear_error();
	if (SSL_CTX_use_PrivateKey_file(context, settings->key_file, SSL_FILETYPE_PEM) == 1)
		return NULL;
	if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
		return "the key (key_file) is not that of our certificate (certificate_file)";
	return "the file with our key (key_file) holds none in PEM, or one under a passphrase";
}

static bool set_host(SSL_CTX *context, const char *host)
{
	X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
	bool is_address = address != NULL;
	ASN1_OCTET_STRING_free(address);
	ERR_clear_error();
	return (is_address ? X509_VERIFY_PARAM_set1_ip_asc(verify, host)
			   : X509_VERIFY_PARAM_set1_host(verify, host, 0)) == 1;
}

static bool set_alpn(SSL_CTX *context, const char *alpn)
{
	unsigned char list[1 + ALPN_BYTES_MAX];
	size_t length = alpn ? strlen(alpn) : 0;
	if (length == 0)
		return true;
	if (length > ALPN_BYTES_MAX)
		return false;
	list[0] = (unsigned char)length;
	memcpy(list + 1, alpn, length);
	return SSL_CTX_set_alpn_protos(context, list, (unsigned)length + 1) == 0;
}

static const char *fill_context(struct link_tls *tls, const struct mqtt_link_settings *settings)
{
	SSL_CTX *context = tls->context;
	const char *reason = load_trusted(context, settings->ca_file);
	reason = reason ? reason : load_own(context, settings);
	if (reason)
		return reason;
	X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(verify, (time_t)(tls->time_wall_ms / 1000));
	X509_VERIFY_PARAM_set_flags(verify, X509_V_FLAG_PARTIAL_CHAIN);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_app_data(context, tls);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
		!set_host(context, settings->host) || !set_alpn(context, settings->alpn))
		return "TLS cannot be set up for this host or `alpn`";
	return NULL;
}

const char *link_tls_make(const struct mqtt_link_settings *settings, struct link_tls **ret_tls)
{
	struct timespec now;
	struct link_tls *tls = calloc(1, sizeof(*tls));
	if (!tls)
		return "out of memory";
	clock_gettime(CLOCK_REALTIME, &now);
	tls->settings = settings;
	tls->time_wall_ms = link_tls_time_wall_ms(
		(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, settings->known_wall_ms);
	tls->context = SSL_CTX_new(TLS_client_method());
	const char *reason = tls->context ? fill_context(tls, settings) : "out of memory";
	ERR_clear_error();
	if (reason)
		link_tls_free(tls);
	else
		*ret_tls = tls;
	return reason;
}

void *link_tls_context(const struct link_tls *tls)
{
	return tls->context;
}

const char *link_tls_refusal(const struct link_tls *tls)
{
	return tls && tls->refused ? tls->why : NULL;
}

struct link_tls *link_tls_free(struct link_tls *tls)
{
	if (tls)
		SSL_CTX_free(tls->context);
	free(tls);
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_tls.h -- TLS of one attempt to connect: our certificate, whom we
 * trust, at which time, and why the broker's certificate was refused. The only
 * module that knows OpenSSL; for the link's own modules only.
 *
 * TLS 1.2 or newer. The name or address that was asked for must stand in the
 * broker's certificate. The certificates in ca_file are trusted, each for
 * itself: two authorities may stand there while one takes over from the other.
 */
#ifndef GATEWAY_MQTT_LINK_TLS_H
#define GATEWAY_MQTT_LINK_TLS_H

#include "gateway/mqtt_link_text.h"

/* The settings' files, read and made ready, and what verification finds. */
struct link_tls;

/* NULL and *ret_tls, or why these files cannot work (static text). */
__attribute__((warn_unused_result)) const char *link_tls_make(
	const struct mqtt_link_settings *settings, struct link_tls **ret_tls);

/* The SSL_CTX; belongs to `tls`, which must outlive the connection. */
void *link_tls_context(const struct link_tls *tls);

/* Why the broker's certificate was refused, in words; NULL: it was not. */
const char *link_tls_refusal(const struct link_tls *tls);

/* NULL is fine. Returns NULL. */
struct link_tls *link_tls_free(struct link_tls *tls);

/*
 * The time certificates are judged at: never before this program was built, nor
 * before `known_wall_ms` (mqtt_link.h), whatever the system's clock says. A
 * board that woke up in 1970 is not locked out.
 */
int64_t link_tls_time_wall_ms(int64_t system_wall_ms, int64_t known_wall_ms);

#endif

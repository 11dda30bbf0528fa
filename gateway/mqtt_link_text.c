/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_text.c -- Reason codes (OASIS MQTT 5.0, section 2.4; MQTT 3.1.1, 3.2.2.3), system's and
 * TLS errors in words.
 */
#include "gateway/mqtt_link_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
	uint8_t code;
	const char *text;
} reasons[] = {
	{0,   "success"},
	{4,   "disconnect with will"},
	{16,  "no matching subscribers"},
	{128, "unspecified error"},
	{129, "malformed packet"},
	{130, "protocol error"},
	{131, "implementation specific error"},
	{132, "MQTT 5 is not spoken there (`mqtt: v3.1.1` may serve, with an archive's receipts)"},
	{133, "client identifier not valid"},
	{134, "bad user name or password"},
	{135, "not authorized"},
	{136, "server unavailable"},
	{137, "server busy"},
	{138, "banned"},
	{139, "server shutting down"},
	{140, "bad authentication method"},
	{141, "keep alive time-out"},
	{142, "session taken over: another client has connected with the same id (a card copied into two boards?)"},
	{143, "topic filter invalid"},
	{144, "topic name invalid"},
	{145, "packet identifier in use"},
	{146, "packet identifier not found"},
	{147, "receive maximum exceeded"},
	{148, "topic alias invalid"},
	{149, "packet too large"},
	{150, "message rate too high"},
	{151, "quota exceeded"},
	{152, "administrative action"},
	{153, "payload format invalid"},
	{154, "retain not supported"},
	{155, "QoS not supported"},
	{156, "use another server"},
	{157, "server moved"},
	{158, "shared subscriptions not supported"},
	{159, "connection rate exceeded"},
	{160, "maximum connect time"},
	{161, "subscription identifiers not supported"},
	{162, "wildcard subscriptions not supported"},
};
/* clang-format on */

const char *mqtt_reason_text(uint8_t reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].code == reason)
			return reasons[i].text;
	}
	return "unknown reason";
}

const char *link_text_refusal(enum mqtt_version version, uint8_t code)
{
	/* clang-format off */
	static const char *const refusals[] = {
		[1] = "MQTT 3.1.1 is not spoken there",
		[2] = "client identifier not valid",
		[3] = "server unavailable",
		[4] = "bad user name or password",
		[5] = "not authorized",
	};
	/* clang-format on */
	if (version == MQTT_VERSION_5)
		return mqtt_reason_text(code);
	return code >= 1 && code < sizeof(refusals) / sizeof(refusals[0]) ? refusals[code]
									  : "unknown reason";
}

void link_text_system(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, int error)
{
	const char *why = strerror(error);
	if (error == ECONNREFUSED)
		why = to->socks5_host ? "refused: no proxy listens there"
				      : "refused: no broker listens there";
	if (error == ETIMEDOUT)
		why = "timed out: nothing answers there, or a firewall drops it";
	snprintf(ret_why, LINK_WHY_MAX, "%s%s:%u %s", to->socks5_host ? "proxy " : "",
		to->socks5_host ? to->socks5_host : to->host,
		to->socks5_host ? to->socks5_port : to->port, why);
}

/* For the gateway's configuration and the city's command lines alike. */
#define LINK_TEXT_PLAIN  "plain text has to be chosen: `tls: no`, or --plain"
#define LINK_TEXT_NO_TLS "does it speak TLS? " LINK_TEXT_PLAIN

void link_text_closed(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, bool accepted)
{
	if (accepted)
		snprintf(ret_why, LINK_WHY_MAX,
			"the broker closed the connection and did not say why (two clients with "
			"one id: a card copied into two boards?)");
	else
		snprintf(ret_why, LINK_WHY_MAX,
			"%s:%u closed the connection without an answer (%s)", to->host, to->port,
			to->tls ? LINK_TEXT_NO_TLS : "does it want TLS? this was plain text");
}

/* ---- certificates ---- */

void link_text_clean(char ret_text[static LINK_NAME_MAX], const char *said, size_t length)
{
	size_t kept = length < LINK_NAME_MAX ? length : LINK_NAME_MAX - 1;
	while (kept < length && kept > 0 && ((unsigned char)said[kept] & 0xC0) == 0x80)
		kept--;
	for (size_t i = 0; i < kept; i++) {
		unsigned char c = (unsigned char)said[i];
		ret_text[i] = c < ' ' || c == 0x7F || c == '"' ? '?' : said[i];
	}
	ret_text[kept] = '\0';
}

/* Names that firewalls and proxies which look into TLS sign with. */
static const char *const inspectors[] = {"Barracuda", "Blue Coat", "Check Point", "Cisco Umbrella",
	"Clavister", "Forcepoint", "Fortinet", "FortiGate", "McAfee", "mitmproxy", "Netskope",
	"Palo Alto", "Proxy", "SonicWall", "Sophos", "Squid", "SSL Inspection", "Symantec Web",
	"TLS Inspection", "Trellix", "Trend Micro", "Untangle", "WatchGuard", "Zscaler"};

static bool is_inspector(const char *issuer)
{
	for (size_t i = 0; i < sizeof(inspectors) / sizeof(inspectors[0]); i++) {
		if (strcasestr(issuer, inspectors[i]))
			return true;
	}
	return false;
}

static const char *trusted(const struct mqtt_link_settings *to)
{
	return to->ca_file ? to->ca_file : LINK_SYSTEM_CA_DIRECTORY;
}

static void text_issuer(char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to,
	const struct link_certificate *found)
{
	if (is_inspector(found->issuer))
		snprintf(ret_why, LINK_WHY_MAX,
			"TLS inspection: \"%s\" signed the certificate shown for %s; have the "
			"network department let %s:%u through unopened",
			found->issuer, to->host, to->host, to->port);
	else
		snprintf(ret_why, LINK_WHY_MAX,
			"the broker's certificate is not trusted: \"%s\" signed it and is not in "
			"%s (another authority, or a firewall that opens TLS)",
			found->issuer, trusted(to));
}

void link_text_certificate(char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to,
	const struct link_certificate *found)
{
	const char *whose = found->is_brokers ? "the broker's certificate" : "the certificate of ";
	const char *named = found->is_brokers ? "" : found->subject;
	switch (found->fault) {
	case CERTIFICATE_OTHER_NAME:
		snprintf(ret_why, LINK_WHY_MAX,
			"the broker's certificate is not for \"%s\", but for \"%s\"", to->host,
			found->host);
		return;
	case CERTIFICATE_EXPIRED:
		snprintf(ret_why, LINK_WHY_MAX, "%s%s expired on %s UTC (it is %s)", whose, named,
			found->until, found->taken);
		return;
	case CERTIFICATE_NOT_YET_VALID:
		snprintf(ret_why, LINK_WHY_MAX,
			"%s%s is valid from %s UTC on only, and it is %s (is the clock right?)",
			whose, named, found->from, found->taken);
		return;
	case CERTIFICATE_SELF_SIGNED:
		snprintf(ret_why, LINK_WHY_MAX,
			"the broker's certificate is self-signed (\"%s\") and is not in %s",
			found->subject, trusted(to));
		return;
	case CERTIFICATE_OTHER_ISSUER:
		text_issuer(ret_why, to, found);
		return;
	case CERTIFICATE_OTHER_FAULT:
		snprintf(ret_why, LINK_WHY_MAX, "the broker's certificate is refused: %s",
			found->detail);
	}
}

/* ---- what OpenSSL says ---- */

#define OURS "the broker refused our certificate: "
#define OLD  "the broker speaks only TLS older than 1.2, which is not safe any more"

/* clang-format off */
static const struct {
	const char *said; /* a part of OpenSSL's words */
	const char *text;
} tls_texts[] = {
	{"certificate required",     "the broker asks for a certificate of ours (certificate_file, key_file)"},
	{"alert handshake failure",  "the broker broke off the handshake; it may ask for a certificate of ours "
				     "(certificate_file, key_file)"},
	{"alert unknown ca",         OURS "it does not trust the authority that signed it"},
	{"alert certificate expired", OURS "it has expired"},
	{"alert certificate revoked", OURS "it has been revoked"},
	{"alert certificate unknown", OURS "it could not be accepted"},
	{"alert bad certificate",    OURS "it could not be accepted"},
	{"alert unsupported certificate", OURS "of a kind it does not take"},
	{"alert protocol version",   OLD},
	{"unsupported protocol",     OLD},
	{"no application protocol",  "the broker does not know the protocol named by `alpn`"},
};
/* clang-format on */

void link_text_tls(char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to,
	const char *said, bool accepted)
{
	for (size_t i = 0; i < sizeof(tls_texts) / sizeof(tls_texts[0]); i++) {
		if (strstr(said, tls_texts[i].said)) {
			snprintf(ret_why, LINK_WHY_MAX, "%s", tls_texts[i].text);
			return;
		}
	}
	if (strstr(said, "unexpected eof"))
		link_text_closed(ret_why, to, accepted);
	else if (strstr(said, "wrong version number"))
		snprintf(ret_why, LINK_WHY_MAX, "%s:%u does not speak TLS (" LINK_TEXT_PLAIN ")",
			to->host, to->port);
	else
		snprintf(ret_why, LINK_WHY_MAX, "TLS failed: %s",
			said[0] ? said : "no reason given");
}

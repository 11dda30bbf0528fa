/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt_link_text.c -- Reason codes (OASIS MQTT 5.0, section 2.4), system's and TLS
 * errors in words.
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
	{132, "MQTT 5 is not spoken there"},
	{133, "client identifier not valid"},
	{134, "bad user name or password"},
	{135, "not authorized"},
	{136, "server unavailable"},
	{137, "server busy"},
	{138, "banned"},
	{139, "server shutting down"},
	{140, "bad authentication method"},
	{141, "keep alive time-out"},
	{142, "session taken over: another client has connected with the same id"},
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

void link_text_system(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, int error)
{
	const char *why = strerror(error);
	if (error == ECONNREFUSED)
		why = "refused: no broker listens there";
	if (error == ETIMEDOUT)
		why = "timed out: nothing answers there, or a firewall drops it";
	snprintf(ret_why, LINK_WHY_MAX, "%s:%u %s", to->host, to->port, why);
}

void link_text_closed(
	char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to, bool accepted)
{
	if (accepted)
		snprintf(ret_why, LINK_WHY_MAX,
			"the broker closed the connection and did not say why (two clients with "
			"one id?)");
	else
		snprintf(ret_why, LINK_WHY_MAX,
			"%s:%u closed the connection without an answer (%s)", to->host, to->port,
			to->tls ? "does it speak TLS?" : "does it want TLS?");
}

void link_text_tls(char ret_why[static LINK_WHY_MAX], const struct mqtt_link_settings *to,
	const char *said, bool accepted)
{
	if (strstr(said, "unexpected eof"))
		link_text_closed(ret_why, to, accepted);
	else if (strstr(said, "host name"))
		snprintf(ret_why, LINK_WHY_MAX, "the broker's certificate is not for \"%s\"",
			to->host);
	else if (strstr(said, "wrong version number"))
		snprintf(ret_why, LINK_WHY_MAX, "%s:%u does not speak TLS", to->host, to->port);
	else if (strstr(said, "certificate verify failed"))
		snprintf(ret_why, LINK_WHY_MAX,
			"the broker's certificate is not trusted: its issuer is not in %s, or it "
			"has expired",
			to->ca_file ? to->ca_file : LINK_SYSTEM_CA_DIRECTORY);
	else
		snprintf(ret_why, LINK_WHY_MAX, "TLS failed: %s",
			said[0] ? said : "no reason given");
}

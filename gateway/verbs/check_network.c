/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_network.c -- The sheet a network department needs: every connection
 * the gateway makes, and that it takes none.
 */
#include <arpa/inet.h>
#include <string.h>

#include "gateway/verbs/check_report.h"

static bool is_name(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1;
}

static struct network_row row(
	const char *direction, const char *what, const char *host, const char *purpose)
{
	struct network_row made = {.direction = direction, .what = what, .purpose = purpose};

	snprintf(made.host, sizeof(made.host), "%s", host);
	return made;
}

static struct network_row broker_row(const struct config_broker *broker)
{
	bool tls = broker->tls == CONFIG_YES;
	bool proxy = broker->socks5.host != NULL;
	const char *const whats[2][2] = {
		{"MQTT 5, plain text",     "MQTT 5 over TLS"    },
		{"MQTT 3.1.1, plain text", "MQTT 3.1.1 over TLS"}
        };
	struct network_row made = row("outbound", whats[broker->mqtt == CONFIG_MQTT_3_1_1][tls],
		proxy ? broker->socks5.host : broker->host,
		proxy ? "measured values, by SOCKS5; kept open, no TLS inspection"
		      : "measured values; kept open, no proxy, no TLS inspection");
	int64_t port = proxy ? config_proxy_port(broker) : config_broker_port(broker);

	snprintf(made.port, sizeof(made.port), "%lld/tcp", (long long)port);
	return made;
}

/* The names that must be resolved, as far as they fit. */
static bool dns_row(const struct site *site, struct network_row *ret_row)
{
	const char *proxy = site->config->broker.socks5.host;
	const char *broker = proxy ? proxy : site->config->broker.host;
	bool any = is_name(broker);

	for (size_t i = 0; i < site->buses_count; i++) {
		any |= site->buses[i].line.host && is_name(site->buses[i].line.host);
	}
	*ret_row = row("outbound", "DNS", "the network's resolver",
		is_name(broker) ? proxy ? "resolves the proxy's name" : "resolves the broker's name"
				: "resolves the meters' names");
	snprintf(ret_row->port, sizeof(ret_row->port), "53/udp+tcp");
	return any;
}

static struct network_row meter_row(const struct site_bus *bus)
{
	struct network_row made =
		row("building", bus->line.kind == BUS_TCP ? "Modbus TCP" : "Modbus RTU over TCP",
			bus->line.host, "reads a meter; read functions only");

	snprintf(made.port, sizeof(made.port), "%d/tcp", bus->line.tcp_port);
	return made;
}

size_t check_network_rows(const struct site *site, struct network_row *ret_rows)
{
	size_t count = 0;

	ret_rows[count++] = broker_row(&site->config->broker);
	count += dns_row(site, &ret_rows[count]);
	ret_rows[count] = row("outbound", "NTP", "the network's time server",
		"the time of day; readings carry it");
	snprintf(ret_rows[count].port, sizeof(ret_rows[count].port), "123/udp");
	count++;
	for (size_t i = 0; i < site->buses_count; i++) {
		if (site->buses[i].line.kind != BUS_RTU && site->buses[i].meters_count > 0) {
			ret_rows[count++] = meter_row(&site->buses[i]);
		}
	}
	return count;
}

void check_print_network(
	const struct checked_file *file, const struct terminal *terminal, FILE *stream)
{
	static const struct table_column columns[] = {
		{"direction", false},
		{"protocol",  false},
		{"host",      false},
		{"port",      false},
		{"purpose",   false},
	};
	struct network_row rows[NETWORK_ROWS_MAX];
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	size_t count = check_network_rows(file->site, rows);

	fprintf(stream, "Network sheet of gateway %s/%s/%s\n\n", file->site->config->city,
		file->site->config->site, file->site->config->gateway);
	for (size_t i = 0; i < count; i++) {
		table_cell(table, TINT_PLAIN, "%s", rows[i].direction);
		table_cell(table, TINT_PLAIN, "%s", rows[i].what);
		table_cell(table, TINT_BOLD, "%s", rows[i].host);
		table_cell(table, TINT_BOLD, "%s", rows[i].port);
		table_cell(table, TINT_PLAIN, "%s", rows[i].purpose);
	}
	table_print(table, terminal, stream);
	table_free(table);
	fputs("\noutbound: leaves the building's network. building: stays inside it.\n"
	      "inbound: none. The gateway listens on no port; nothing need be forwarded to it.\n",
		stream);
}

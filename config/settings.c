/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c -- The rows behind settings.h. A new setting is one row here and one field in
 * site_config.h. */
#include "config/settings.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "config/site_config.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MIB    (INT64_C(1) << 20)
#define TIB    (INT64_C(1) << 40)
#define SLUG   .type = SETTING_SLUG, .min = 1, .max = 32
#define PATH   .type = SETTING_PATH, .min = 1, .max = 255
#define SPAN   .type = SETTING_DURATION
#define PLAIN  .type = SETTING_INTEGER

/* Where a row is kept, and where its position. */
#define IN(structure, field)    .offset = offsetof(struct structure, field)
#define AT(structure, field)    .at_offset = offsetof(struct structure, field##_at)
#define IN_AT(structure, field) IN(structure, field), AT(structure, field)

static const char *const languages[] = {"en", "nb", NULL};
static const char *const rejectable[] = {"largest_power", "spike", NULL};
static const char *const peak_rules[] = {"highest_hour", "mean_of_days", "mean_of_months", NULL};
static const char *const clocks[] = {"synchronised", "trust", NULL};
static const char *const mqtt_versions[] = {"v5", "v3.1.1", NULL};
static const char *const deliveries[] = {"auto", "puback", "receipt", NULL};
static const char *const parities[] = {"N", "E", "O", NULL};
static const char *const directions[] = {"none", "high_sends", "low_sends", NULL};
static const char *const bauds[] = {"300", "600", "1200", "2400", "4800", "9600", "19200", "38400",
	"57600", "115200", "230400", NULL};
static const char *const stop_bits[] = {"1", "2", NULL};
static const char *const carriers[] = {"electricity", "district_heat", "district_cooling",
	"natural_gas", "lpg", "fuel_oil", "biofuel", "solar_heat", "water", NULL};
static const char *const uses[] = {"total", "heating", "hot_water", "ventilation", "cooling",
	"lighting", "equipment", "pv", "mobile", NULL};

/* clang-format off */
const struct setting settings[] = {
	{.section = SECTION_SITE, .key = "city", SLUG, .required = true, .shown = true,
	 .example = "drammen", IN_AT(site_config, city),
	 .help = "The city, as it stands in topics; the same in all of its files."},
	{.section = SECTION_SITE, .key = "id", SLUG, .required = true, .shown = true,
	 .example = "fjell-school", IN_AT(site_config, site),
	 .help = "The building, as it stands in topics; for ever."},
	{.section = SECTION_SITE, .key = "name", .type = SETTING_TEXT, .min = 1, .max = 100, .shown = true,
	 .example = "Fjell school", IN(site_config, site_name),
	 .help = "The building for people; may change at any time. Without it, the id."},
	{.section = SECTION_SITE, .key = "timezone", .type = SETTING_TEXT, .min = 1, .max = 64, .shown = true,
	 .fallback = "UTC", .example = "Europe/Oslo", IN_AT(site_config, timezone),
	 .help = "The time zone whose days, months and years totals are made for."},
	{.section = SECTION_SITE, .key = "lang", .type = SETTING_CHOICE, .choices = languages,
	 .min = CONFIG_ENGLISH, .max = CONFIG_NORWEGIAN, .fallback = "en", .example = "nb",
	 IN(site_config, language),
	 .help = "The language of findings about the meters: English or Norwegian (bokmål)."},

	{.section = SECTION_GATEWAY, .key = "id", SLUG, .required = true, .shown = true,
	 .example = "main", IN_AT(site_config, gateway),
	 .help = "This board within the building, as it stands in topics."},
	{.section = SECTION_GATEWAY, .key = "clock", .type = SETTING_CHOICE, .choices = clocks,
	 .min = CONFIG_CLOCK_SYNCHRONISED, .max = CONFIG_CLOCK_TRUST,
	 .fallback = "synchronised", .example = "trust", IN(site_config, clock),
	 .help = "Whether the board's time counts once it is synchronised (NTP), or as it is."},
	{.section = SECTION_GATEWAY, .key = "data_directory", PATH,
	 .fallback = "/var/lib/byport", .example = "/var/lib/byport", IN(site_config, data_directory),
	 .help = "Where the store lies; a directory on a disk that lasts."},
	{.section = SECTION_GATEWAY, .key = "control_socket", .type = SETTING_PATH, .min = 1, .max = 107,
	 .fallback = "/run/byport/control.sock", .example = "/run/byport/control.sock",
	 IN(site_config, control_socket),
	 .help = "The socket through which the verbs speak to the running gateway."},
	{.section = SECTION_GATEWAY, .key = "models_directory", PATH,
	 .example = "/etc/byport/models", IN_AT(site_config, models_directory),
	 .help = "A directory of meter models of your own, beside the built-in ones."},
	{.section = SECTION_GATEWAY, .key = "store_size", .type = SETTING_SIZE, .min = MIB, .max = TIB,
	 .fallback = "512 MiB", .example = "2 GiB", IN_AT(site_config, store_bytes_max),
	 .help = "How large the store may grow; at least what 90 days of energy take."},

	{.section = SECTION_BROKER, .key = "host", .type = SETTING_HOST, .min = 1, .max = 253,
	 .required = true, .shown = true, .example = "mqtt.example.org", IN_AT(config_broker, host),
	 .help = "The MQTT broker's name or address."},
	{.section = SECTION_BROKER, .key = "port", .type = SETTING_INTEGER, .min = 1, .max = 65535,
	 .example = "8883", IN_AT(config_broker, port),
	 .help = "The broker's TCP port. Without it, 8883 with TLS and 1883 without."},
	{.section = SECTION_BROKER, .key = "tls", .type = SETTING_YES_NO, .fallback = "yes", .example = "no",
	 IN_AT(config_broker, tls),
	 .help = "Whether the connection is encrypted and the broker's certificate verified."},
	{.section = SECTION_BROKER, .key = "ca_file", PATH, .example = "/etc/byport/ca.crt",
	 IN(config_broker, ca_file),
	 .help = "Certificates of the authorities trusted. Without it, the system's."},
	{.section = SECTION_BROKER, .key = "certificate_file", PATH, .example = "/etc/byport/gateway.crt",
	 IN_AT(config_broker, certificate_file),
	 .help = "The gateway's own certificate, where the broker asks for one."},
	{.section = SECTION_BROKER, .key = "key_file", PATH, .example = "/etc/byport/gateway.key",
	 IN_AT(config_broker, key_file),
	 .help = "The private key of certificate_file. Refused when every user of the board may read it."},
	{.section = SECTION_BROKER, .key = "alpn", .type = SETTING_TEXT, .min = 1, .max = 32, .example = "mqtt",
	 IN_AT(config_broker, alpn),
	 .help = "The protocol named in TLS, where a broker shares its port with others (often 443)."},
	{.section = SECTION_BROKER, .key = "socks5", .type = SETTING_HOST_PORT, .min = 1, .max = 255,
	 .example = "proxy.example.org:1080", IN_AT(config_broker, socks5),
	 .help = "A SOCKS5 proxy on the way to the broker, which it is asked for by name."},
	{.section = SECTION_BROKER, .key = "user", .type = SETTING_TEXT, .min = 1, .max = 255, .shown = true,
	 .example = "fjell-school", IN(config_broker, user),
	 .help = "The user name at the broker."},
	{.section = SECTION_BROKER, .key = "password_file", PATH, .shown = true,
	 .example = "/etc/byport/password", IN_AT(config_broker, password_file),
	 .help = "A file whose first line is the password, kept from other users; no secret stands in this file."},
	{.section = SECTION_BROKER, .key = "keep_alive", SPAN, .min = 5 * SECOND, .max = HOUR,
	 .fallback = "60 s", .example = "5 min", IN(config_broker, keep_alive_ms),
	 .help = "The longest silence on the connection before both ends give it up."},
	{.section = SECTION_BROKER, .key = "reconnect_within", SPAN, .min = SECOND, .max = HOUR,
	 .fallback = "100 s", .example = "5 min", IN(config_broker, reconnect_within_ms),
	 .help = "After a lost connection the next attempt comes at random within this time, so that gateways do not all come back in the same second; 100 s for each 1,000 gateways of a broker."},
	{.section = SECTION_BROKER, .key = "delivery", .type = SETTING_CHOICE, .choices = deliveries,
	 .min = CONFIG_DELIVERY_AUTO, .max = CONFIG_DELIVERY_RECEIPT,
	 .fallback = "auto", .example = "receipt", IN_AT(config_broker, delivery),
	 .help = "What counts as delivered: receipt: what an archive has a receipt for; puback: what the broker acknowledged; auto: receipt from the first one on."},
	{.section = SECTION_BROKER, .key = "mqtt", .type = SETTING_CHOICE, .choices = mqtt_versions,
	 .min = CONFIG_MQTT_5, .max = CONFIG_MQTT_3_1_1, .fallback = "v5", .example = "v5",
	 IN_AT(config_broker, mqtt),
	 .help = "The version of MQTT. v3.1.1 is for brokers that know no v5, and wants delivery: receipt."},

	{.section = SECTION_INTERVALS, .key = "length", SPAN, .min = SECOND, .max = DAY, .shown = true,
	 .fallback = "15 min", .example = "15 min", IN_AT(site_config, interval_ms),
	 .help = "The length of an energy interval; a day must hold a whole number of them."},
	{.section = SECTION_INTERVALS, .key = "gap_limit", SPAN, .min = SECOND, .max = DAY,
	 .fallback = "5 min", .example = "10 min", IN_AT(site_config, gap_limit_ms),
	 .help = "An interval whose start or end lies in a longer gap between readings is estimated."},
	{.section = SECTION_INTERVALS, .key = "fast", SPAN, .min = 100, .max = HOUR, .shown = true,
	 .fallback = "10 s", .example = "10 s", IN_AT(site_config, fast_ms),
	 .help = "How often power, voltage and the like are read."},
	{.section = SECTION_INTERVALS, .key = "slow", SPAN, .min = 100, .max = DAY, .shown = true,
	 .fallback = "60 s", .example = "60 s", IN_AT(site_config, slow_ms),
	 .help = "How often counters are read."},
	{.section = SECTION_INTERVALS, .key = "live", SPAN, .min = 100, .max = HOUR,
	 .fallback = "60 s", .example = "10 s", IN_AT(site_config, live_ms),
	 .help = "How often the latest values go to the broker."},
	{.section = SECTION_INTERVALS, .key = "trends", SPAN, .min = SECOND, .max = HOUR,
	 .fallback = "1 min", .example = "5 min", IN_AT(site_config, trend_ms),
	 .help = "The span of a trend (mean, least, largest); a day must hold a whole number of them."},
	{.section = SECTION_INTERVALS, .key = "health", SPAN, .min = SECOND, .max = DAY,
	 .fallback = "60 s", .example = "5 min", IN(site_config, health_ms),
	 .help = "How often the state of meters and buses goes to the broker."},
	{.section = SECTION_INTERVALS, .key = "commit", SPAN, .min = 100, .max = HOUR,
	 .fallback = "5 min", .example = "1 min", IN(site_config, commit_ms),
	 .help = "How often trends are written to disk; energy is written at once."},

	{.section = SECTION_FLAGS, .key = "reject", .type = SETTING_LIST, .choices = rejectable, .min = 1, .max = 2,
	 .example = "[spike]", IN(config_flags, reject),
	 .help = "Flags for which an interval gets no value; its energy is told as an event. Without it, flags only mark."},
	{.section = SECTION_FLAGS, .key = "spike_factor", PLAIN, .min = 2, .max = 1000, .shown = true, .fallback = "10", .example = "10",
	 IN(config_flags, spike_factor),
	 .help = "A spike is more than so many times the largest interval of the past four weeks."},
	{.section = SECTION_FLAGS, .key = "spike_history", SPAN, .min = DAY, .max = 28 * DAY, .fallback = "7 d",
	 .example = "3 d", IN(config_flags, spike_history_ms),
	 .help = "How much must have been measured before an interval can be a spike."},
	{.section = SECTION_FLAGS, .key = "doubled_band_percent", PLAIN, .min = 1, .max = 40, .fallback = "10",
	 .example = "10", IN(config_flags, doubled_band_percent),
	 .help = "How near to twice its neighbours' mean an hour must be to be called doubled, in percent."},
	{.section = SECTION_FLAGS, .key = "doubled_neighbours_percent", PLAIN, .min = 1, .max = 50, .fallback = "15",
	 .example = "15", IN(config_flags, doubled_neighbours_percent),
	 .help = "How much the hours beside a doubled one may differ, in percent."},
	{.section = SECTION_FLAGS, .key = "min_steps", PLAIN, .min = 5, .max = 10000, .fallback = "20", .example = "20",
	 IN(config_flags, steps_min),
	 .help = "How many of its own steps a register must move before it is held against anything."},
	{.section = SECTION_FLAGS, .key = "power_band_percent", PLAIN, .min = 1, .max = 50, .fallback = "25",
	 .example = "25", IN(config_flags, power_band_percent),
	 .help = "How near to 10, 100 or 1000 times the integral of power a register must be to be called so, in percent."},
	{.section = SECTION_FLAGS, .key = "submeter_tolerance_percent", PLAIN, .min = 1, .max = 100, .fallback = "5",
	 .example = "5", IN(config_flags, submeter_tolerance_percent),
	 .help = "How far sub-meters together may be above their main, in percent of it."},
	{.section = SECTION_FLAGS, .key = "heat_factor", PLAIN, .min = 100, .max = 5000, .fallback = "1160",
	 .example = "1160", IN(config_flags, heat_factor),
	 .help = "What one m³ carries per K, in Wh: 1160 of water, less of a mixture with glycol (its maker tells)."},
	{.section = SECTION_FLAGS, .key = "heat_band_percent", PLAIN, .min = 1, .max = 90, .fallback = "20",
	 .example = "20", IN(config_flags, heat_band_percent),
	 .help = "How far heat may be from volume times temperature difference, in percent."},
	{.section = SECTION_FLAGS, .key = "heat_window", SPAN, .min = HOUR, .max = 28 * DAY, .fallback = "1 d",
	 .example = "1 d", IN(config_flags, heat_window_ms),
	 .help = "Over how long, at least, heat is held against volume and temperatures."},
	{.section = SECTION_FLAGS, .key = "frozen_after", SPAN, .min = HOUR, .max = 365 * DAY, .fallback = "60 d",
	 .example = "60 d", IN(config_flags, frozen_after_ms),
	 .help = "A register that stands longer, and never stood so long before, is frozen: heating stands all summer."},
	{.section = SECTION_FLAGS, .key = "frozen_factor", PLAIN, .min = 1, .max = 100, .fallback = "3", .example = "3",
	 IN(config_flags, frozen_factor),
	 .help = "So many times as long as it ever stood before, too."},

	{.section = SECTION_TOTALS, .key = "peak_rule", .type = SETTING_CHOICE, .choices = peak_rules,
	 .min = PEAKS_HIGHEST_HOUR, .max = PEAKS_MEAN_OF_MONTHS, .shown = true,
	 .fallback = "mean_of_days", .example = "mean_of_days", IN(site_config, peak_rule),
	 .help = "The month's power peak: its highest hour; the mean of the highest hours of different days; of months."},
	{.section = SECTION_TOTALS, .key = "peak_count", .type = SETTING_INTEGER, .min = 1, .max = 12,
	 .fallback = "3", .example = "3", IN(site_config, peak_count),
	 .help = "Of how many hours (mean_of_days) or monthly maxima (mean_of_months) the peak is the mean."},

	{.section = SECTION_BUS, .key = "id", SLUG, .required = true, .shown = true,
	 .example = "cellar", IN_AT(config_bus, id),
	 .help = "The line's name, for `bus:` of the meters on it."},
	{.section = SECTION_BUS, .key = "port", .type = SETTING_DEVICE, .min = 2, .max = 255, .shown = true,
	 .example = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K1234-if00-port0",
	 IN_AT(config_bus, device),
	 .help = "An RS-485 line's serial port, by a name that stays. One of port, tcp, rtu_over_tcp."},
	{.section = SECTION_BUS, .key = "tcp", .type = SETTING_HOST_PORT, .min = 1, .max = 255,
	 .example = "192.168.1.30", IN_AT(config_bus, tcp),
	 .help = "Host of a Modbus TCP device, and its port where it is not the model's usual one."},
	{.section = SECTION_BUS, .key = "rtu_over_tcp", .type = SETTING_HOST_PORT, .min = 1, .max = 255,
	 .example = "192.168.1.31:4196", IN_AT(config_bus, rtu_over_tcp),
	 .help = "Host and port of a serial server that passes RTU frames through."},
	{.section = SECTION_BUS, .key = "baud", .type = SETTING_INTEGER, .choices = bauds, .min = 300, .max = 230400,
	 .example = "19200", IN_AT(config_bus, baud),
	 .help = "The line's speed. Without it, the one the models on it are delivered with."},
	{.section = SECTION_BUS, .key = "parity", .type = SETTING_CHOICE, .choices = parities,
	 .min = PARITY_NONE, .max = PARITY_ODD, .example = "E", IN_AT(config_bus, parity),
	 .help = "The line's parity: none, even or odd. Without it, the models'."},
	{.section = SECTION_BUS, .key = "stop_bits", .type = SETTING_INTEGER, .choices = stop_bits, .min = 1, .max = 2,
	 .example = "1", IN_AT(config_bus, stop_bits),
	 .help = "The line's stop bits. Without it, the models'."},
	{.section = SECTION_BUS, .key = "rts", .type = SETTING_CHOICE, .choices = directions,
	 .min = RTS_OFF, .max = RTS_LOW_SENDS, .fallback = "none", .example = "high_sends", IN_AT(config_bus, rts),
	 .help = "Whether the port's RTS switches the transceiver, for adapters that do not do it themselves."},
	{.section = SECTION_BUS, .key = "response_timeout_min", SPAN, .min = 5, .max = 10 * SECOND,
	 .fallback = "50 ms", .example = "100 ms", IN(config_bus, response_timeout_min_ms),
	 .help = "The least a device is given to answer; how long it really takes is learned."},
	{.section = SECTION_BUS, .key = "response_timeout_max", SPAN, .min = 10, .max = MINUTE,
	 .example = "2 s", IN_AT(config_bus, response_timeout_max_ms),
	 .help = "The most a device is given to answer. Without it, what its model needs, else 1 s."},
	{.section = SECTION_BUS, .key = "answer_time", SPAN, .min = 0, .max = 5 * SECOND,
	 .fallback = "20 ms", .example = "50 ms", IN(config_bus, answer_time_ms),
	 .help = "How long a device is assumed to think, in the forecast of `byport check`."},

	{.section = SECTION_METER, .key = "id", SLUG, .required = true, .shown = true,
	 .example = "main", IN_AT(config_meter, id),
	 .help = "The metering point, as it stands in topics and the store; for ever."},
	{.section = SECTION_METER, .key = "name", .type = SETTING_TEXT, .min = 1, .max = 100, .shown = true,
	 .example = "Main meter", IN(config_meter, name),
	 .help = "The metering point for people; may change at any time. Without it, the id."},
	{.section = SECTION_METER, .key = "bus", SLUG, .required = true, .shown = true,
	 .example = "cellar", IN_AT(config_meter, bus),
	 .help = "The id of the line it is on."},
	{.section = SECTION_METER, .key = "address", .type = SETTING_INTEGER, .min = 0, .max = 255, .shown = true,
	 .example = "1", IN_AT(config_meter, address),
	 .help = "The device's Modbus address, 1 to 247 on RS-485; on TCP it may be left out."},
	{.section = SECTION_METER, .key = "channel", .type = SETTING_INTEGER, .min = 1, .max = 32,
	 .fallback = "1", .example = "2", IN_AT(config_meter, channel),
	 .help = "The counter, where one device holds several."},
	{.section = SECTION_METER, .key = "model", .type = SETTING_SLUG, .min = 1, .max = 63,
	 .required = true, .shown = true, .example = "eastron-sdm630", IN_AT(config_meter, model),
	 .help = "The meter model; `byport models` lists them."},
	{.section = SECTION_METER, .key = "carrier", .type = SETTING_CHOICE, .choices = carriers,
	 .min = CARRIER_ELECTRICITY, .max = CARRIER_WATER, .example = "district_cooling",
	 IN_AT(config_meter, carrier),
	 .help = "What is measured, where it is not what the model usually measures."},
	{.section = SECTION_METER, .key = "use", .type = SETTING_CHOICE, .choices = uses, .shown = true,
	 .min = USE_TOTAL, .max = USE_MOBILE, .fallback = "total", .example = "total", IN_AT(config_meter, use),
	 .help = "What the energy is used for; mobile is charging of vehicles."},
	{.section = SECTION_METER, .key = "parent", SLUG, .example = "main", IN_AT(config_meter, parent),
	 .help = "The id of the meter whose energy this one's is a part of."},
	{.section = SECTION_METER, .key = "ct", .type = SETTING_RATIO, .min = 1, .max = 100000, .shown = true,
	 .example = "300/5", IN_AT(config_meter, ct),
	 .help = "The current transformers' ratio."},
	{.section = SECTION_METER, .key = "ct_in_meter", .type = SETTING_YES_NO, .shown = true,
	 .example = "yes", IN_AT(config_meter, ct_in_meter),
	 .help = "Whether the ratio is set in the meter, so that its readings hold it already."},
	{.section = SECTION_METER, .key = "main_fuse", .type = SETTING_CURRENT, .min = 1, .max = 10000, .shown = true,
	 .example = "125 A", IN(config_meter, main_fuse_a),
	 .help = "The fuse before the meter; more energy than it lets through is no reading."},
	{.section = SECTION_METER, .key = "dwelling", .type = SETTING_YES_NO, .fallback = "no", .example = "yes",
	 IN_AT(config_meter, dwelling),
	 .help = "Whether it is a household's own: then nothing finer than a day leaves the gateway, and nothing live."},
	{.section = SECTION_METER, .key = "heat_factor", PLAIN, .min = 100, .max = 5000, .example = "1050",
	 IN(config_meter, heat_factor),
	 .help = "As flags: heat_factor, for the fluid of this meter."},
	{.section = SECTION_METER, .key = "serial", .type = SETTING_TEXT, .min = 1, .max = 64,
	 .example = "0301", IN(config_meter, serial),
	 .help = "The device's serial number; another one found there is an exchange."},
	{.section = SECTION_METER, .key = "valid_from", .type = SETTING_INSTANT, .min = 10, .max = 40,
	 .example = "2026-11-23", IN_AT(config_meter, valid_from),
	 .help = "Since when this meter's model, option and ct hold. Needed where they change; what was "
	         "counted since is revised. A date is the beginning of that day at the site."},
	{.section = SECTION_METER, .key = "fast", SPAN, .min = 100, .max = HOUR, .example = "5 s",
	 IN_AT(config_meter, fast_ms),
	 .help = "As intervals: fast, for this meter."},
	{.section = SECTION_METER, .key = "slow", SPAN, .min = 100, .max = DAY, .example = "5 min",
	 IN_AT(config_meter, slow_ms),
	 .help = "As intervals: slow, for this meter."},
	{.section = SECTION_METER, .key = "quantities", .type = SETTING_LIST, .min = 1, .max = 64,
	 .example = "[active_energy_import, active_power]", IN_AT(config_meter, quantities),
	 .help = "What is read of it. Without it, all the model has."},
	{.section = SECTION_METER, .key = "labels", .type = SETTING_LABELS, .min = 1, .max = CONFIG_LABELS_MAX, .shown = true,
	 .example = "{room: U12, tariff: B4}", IN(config_meter, labels),
	 .help = "Free words about the meter, passed on as they are."},
};

static const struct setting_section_info sections[SECTION_COUNT] = {
	[SECTION_SITE]      = {.key = "site", .required = true, .help = "The building."},
	[SECTION_GATEWAY]   = {.key = "gateway", .required = true, .help = "The board."},
	[SECTION_BROKER]    = {.key = "broker", .required = true, .help = "Where it all goes: an MQTT broker."},
	[SECTION_INTERVALS] = {.key = "intervals", .help = "How often things happen."},
	[SECTION_FLAGS]     = {.key = "flags", .help = "What is called implausible, and what happens to it."},
	[SECTION_TOTALS]    = {.key = "totals", .help = "What is made of energies: hours, days, months, years; power peaks."},
	[SECTION_BUS]       = {.key = "buses", .list = true, .required = true, .max = CONFIG_BUSES_MAX,
	                       .help = "The lines: RS-485, Modbus TCP, RTU over TCP."},
	[SECTION_METER]     = {.key = "meters", .list = true, .required = true, .max = CONFIG_METERS_MAX,
	                       .help = "What is measured where. A model's own option stands here too (energy_unit: MWh)."},
};
/* clang-format on */

const size_t settings_count = sizeof(settings) / sizeof(settings[0]);

const struct setting_section_info *setting_section_info(enum setting_section section)
{
	assert((size_t)section < SECTION_COUNT);

	return &sections[section];
}

const struct setting *setting_find(enum setting_section section, const char *key)
{
	for (size_t i = 0; i < settings_count; i++) {
		if (settings[i].section == section && strcmp(settings[i].key, key) == 0) {
			return &settings[i];
		}
	}
	return NULL;
}

const char *carrier_name(enum config_carrier carrier)
{
	assert((size_t)carrier < CARRIER_COUNT);

	return carrier == CARRIER_UNSET ? NULL : carriers[carrier - CARRIER_ELECTRICITY];
}

const char *use_name(enum config_use use)
{
	assert((size_t)use < USE_COUNT);

	return uses[use];
}

char parity_letter(enum config_parity parity)
{
	return parity == PARITY_UNSET ? '\0' : parities[parity - PARITY_NONE][0];
}

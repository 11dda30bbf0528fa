/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_instant.c -- Calendar arithmetic for RFC 3339, in integers.
 */
#include "gateway/json_instant.h"

enum { MS_A_DAY = 86400000 };

/* Days since 1970-01-01 of a proleptic Gregorian date, counted in years that begin in March, so
 * that the leap day is the last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t from_march = month <= 2 ? month + 9 : month - 3;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

struct date {
	int64_t year, month, day;
};

static struct date date_of(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t from_march = (5 * day_of_year + 2) / 153;
	struct date date = {
		.year = year_of_era + era * 400,
		.month = from_march < 10 ? from_march + 3 : from_march - 9,
		.day = day_of_year - (153 * from_march + 2) / 5 + 1,
	};
	date.year += date.month <= 2;
	return date;
}

static char *put_digits(char *to, int64_t number, int digits)
{
	for (int i = digits; i-- > 0; number /= 10)
		to[i] = (char)('0' + number % 10);
	return to + digits;
}

size_t json_instant_print(char buffer[static INSTANT_TEXT_MAX], int64_t wall_ms)
{
	const int64_t first_ms = days_of(0, 1, 1) * MS_A_DAY;
	const int64_t last_ms = days_of(10000, 1, 1) * MS_A_DAY - 1;
	int64_t instant_ms = wall_ms < first_ms ? first_ms : wall_ms > last_ms ? last_ms : wall_ms;
	int64_t in_day_ms = ((instant_ms % MS_A_DAY) + MS_A_DAY) % MS_A_DAY;
	struct date date = date_of((instant_ms - in_day_ms) / MS_A_DAY);
	char *at = put_digits(buffer, date.year, 4);
	*at++ = '-';
	at = put_digits(at, date.month, 2);
	*at++ = '-';
	at = put_digits(at, date.day, 2);
	*at++ = 'T';
	at = put_digits(at, in_day_ms / 3600000, 2);
	*at++ = ':';
	at = put_digits(at, in_day_ms / 60000 % 60, 2);
	*at++ = ':';
	at = put_digits(at, in_day_ms / 1000 % 60, 2);
	if (in_day_ms % 1000 != 0) {
		*at++ = '.';
		at = put_digits(at, in_day_ms % 1000, 3);
	}
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - buffer);
}

/* `digits` digits within [0, max]; NULL when they are not. */
static const char *take_digits(const char *at, int digits, int64_t max, int64_t *ret_number)
{
	if (!at)
		return NULL;
	int64_t number = 0;
	for (int i = 0; i < digits; i++, at++) {
		if (*at < '0' || *at > '9')
			return NULL;
		number = number * 10 + (*at - '0');
	}
	*ret_number = number;
	return number <= max ? at : NULL;
}

static const char *take_byte(const char *at, char byte)
{
	return at && *at == byte ? at + 1 : NULL;
}

/* Up to nine decimals of a second, cut to milliseconds. */
static const char *take_fraction(const char *at, int64_t *ret_ms)
{
	*ret_ms = 0;
	if (!at || *at != '.')
		return at;
	int digits = 0;
	for (at++; *at >= '0' && *at <= '9'; at++, digits++) {
		if (digits < 3)
			*ret_ms = *ret_ms * 10 + (*at - '0');
	}
	for (int i = digits; i < 3; i++)
		*ret_ms *= 10;
	return digits >= 1 && digits <= 9 ? at : NULL;
}

/* 'Z' or +hh:mm, to the end of the text. */
static bool take_offset(const char *at, int64_t *ret_ms)
{
	if (!at || (*at != '+' && *at != '-')) {
		*ret_ms = 0;
		at = take_byte(at, 'Z');
		return at && *at == '\0';
	}
	int64_t sign = *at == '-' ? -1 : 1;
	int64_t hours = 0, minutes = 0;
	at = take_digits(at + 1, 2, 23, &hours);
	at = take_digits(take_byte(at, ':'), 2, 59, &minutes);
	*ret_ms = sign * (hours * 60 + minutes) * 60000;
	return at && *at == '\0';
}

bool json_instant_parse(const char *text, int64_t *ret_wall_ms)
{
	struct date date = {0};
	int64_t hour = 0, minute = 0, second = 0, fraction_ms = 0, offset_ms = 0;
	const char *at = take_digits(text, 4, 9999, &date.year);
	at = take_digits(take_byte(at, '-'), 2, 12, &date.month);
	at = take_digits(take_byte(at, '-'), 2, 31, &date.day);
	at = take_digits(take_byte(at, 'T'), 2, 23, &hour);
	at = take_digits(take_byte(at, ':'), 2, 59, &minute);
	at = take_digits(take_byte(at, ':'), 2, 59, &second);
	at = take_fraction(at, &fraction_ms);
	if (!take_offset(at, &offset_ms) || date.month < 1 || date.day < 1)
		return false;
	int64_t days = days_of(date.year, date.month, date.day);
	if (date_of(days).day != date.day) /* 30 February */
		return false;
	*ret_wall_ms = days * MS_A_DAY + ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms -
		       offset_ms;
	return true;
}

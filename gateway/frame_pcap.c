/* SPDX-License-Identifier: Apache-2.0 */
/* frame_pcap.c -- frame_pcap.h. */
#include "gateway/frame_pcap.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/frame_text.h"

enum {
	FILE_HEADER_BYTES = 24,
	PACKET_HEADER_BYTES = 16,
	IPV4_BYTES = 20,
	TCP_BYTES = 20,
	PACKET_BYTES_MAX = 65535,
	CLIENT_PORT = 49152,
	PROTOCOL_TCP = 6,
	TCP_PUSH_ACK = 0x18,
	US_PER_S = 1000000,
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_COOKED = 113,
};

#define MAGIC_US UINT32_C(0xA1B2C3D4)
#define MAGIC_NS UINT32_C(0xA1B23C4D)

/* ---- writing ---- */

static void put16(uint8_t *at, unsigned number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

static void put32(uint8_t *at, uint32_t number)
{
	put16(at, number >> 16);
	put16(at + 2, number & 0xFFFF);
}

/* RFC 1071, over bytes that are not odd in number but perhaps at the end. */
static uint32_t sum16(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static unsigned folded(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return ~sum & 0xFFFF;
}

static const uint8_t addresses[2][4] = {
	{192, 0, 2, 1},
        {192, 0, 2, 2}
};

/* How far each end has come. */
struct conversation {
	uint16_t port;
	uint32_t sent[2];
};

/* An IPv4 packet with a TCP segment, from end 0 (the gateway) or 1; returns its length. */
static size_t make_packet(struct conversation *talk, unsigned from,
	const struct recorded_frame *frame, uint8_t *packet)
{
	uint8_t *tcp = packet + IPV4_BYTES;
	size_t length = IPV4_BYTES + TCP_BYTES + frame->length;
	memset(packet, 0, IPV4_BYTES + TCP_BYTES);
	packet[0] = 0x45;
	put16(packet + 2, (unsigned)length);
	packet[8] = 64;
	packet[9] = PROTOCOL_TCP;
	memcpy(packet + 12, addresses[from], sizeof addresses[0]);
	memcpy(packet + 16, addresses[1 - from], sizeof addresses[0]);
	put16(packet + 10, folded(sum16(packet, IPV4_BYTES)));
	put16(tcp, from == 0 ? CLIENT_PORT : talk->port);
	put16(tcp + 2, from == 0 ? talk->port : CLIENT_PORT);
	put32(tcp + 4, talk->sent[from]);
	put32(tcp + 8, talk->sent[1 - from]);
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = TCP_PUSH_ACK;
	put16(tcp + 14, 65535);
	memcpy(tcp + TCP_BYTES, frame->bytes, frame->length);
	put16(tcp + 16, folded(sum16(packet + 12, 8) + PROTOCOL_TCP + TCP_BYTES +
				(uint32_t)frame->length + sum16(tcp, TCP_BYTES + frame->length)));
	talk->sent[from] += (uint32_t)frame->length;
	return length;
}

static bool write_packet(FILE *stream, int64_t at_wall_us, const uint8_t *packet, size_t length)
{
	const uint32_t header[] = {(uint32_t)(at_wall_us / US_PER_S),
		(uint32_t)(at_wall_us % US_PER_S), (uint32_t)length, (uint32_t)length};
	return fwrite(header, sizeof header, 1, stream) == 1 &&
	       fwrite(packet, length, 1, stream) == 1;
}

bool frame_pcap_write(FILE *stream, enum frame_transport transport,
	const struct timed_frame *frames, size_t count)
{
	struct conversation talk = {
		transport == TRANSPORT_TCP ? FRAME_PCAP_TCP_PORT : FRAME_PCAP_RTU_PORT, {1, 1}
        };
	const uint32_t header[] = {MAGIC_US, 2 | 4 << 16, 0, 0, PACKET_BYTES_MAX, LINK_RAW};
	uint8_t packet[IPV4_BYTES + TCP_BYTES + FRAME_BYTES_MAX];
	bool written = fwrite(header, sizeof header, 1, stream) == 1;
	for (size_t i = 0; i < count && written; i++) {
		const struct recorded_frame *frame = &frames[i].frame;
		unsigned from = frame->mark == FRAME_MARK_REQUEST ? 0 : 1;
		if (frame->length == 0)
			continue;
		written = write_packet(stream, frames[i].at_wall_us, packet,
			make_packet(&talk, from, frame, packet));
	}
	return written && fflush(stream) == 0;
}

/* ---- reading ---- */

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

struct reading_file {
	bool swapped; /* written on a machine of the other byte order */
	bool nanoseconds;
	uint32_t link;
	enum frame_transport transport;
	bool has_transport;
	struct timed_frame *frames;
	size_t count;
	size_t room;
	struct frame_question question; /* what was asked last; device 0: nothing yet */
};

static uint32_t number_of(const struct reading_file *file, uint32_t number)
{
	return file->swapped ? __builtin_bswap32(number) : number;
}

/* Where the IPv4 packet begins; 0: it is none (IPv6, ARP ...). */
static size_t ip_at(const struct reading_file *file, const uint8_t *packet, size_t length)
{
	size_t at = file->link == LINK_ETHERNET ? 14 : file->link == LINK_COOKED ? 16 : 0;
	bool is_ip = length >= at + IPV4_BYTES + TCP_BYTES && packet[at] >> 4 == 4 &&
		     packet[at + 9] == PROTOCOL_TCP;
	return is_ip ? at : SIZE_MAX;
}

/* The bytes a TCP segment carries, and between which ports; NULL: none, or of other ports. */
static const uint8_t *segment_of(struct reading_file *file, const uint8_t *packet, size_t length,
	struct recorded_frame *frame)
{
	size_t ip = ip_at(file, packet, length);
	if (ip == SIZE_MAX)
		return NULL;
	size_t end = ip + get16(packet + ip + 2);
	size_t tcp = ip + (size_t)(packet[ip] & 15) * 4;
	if (end > length || tcp + TCP_BYTES > end)
		return NULL;
	unsigned from = get16(packet + tcp), to = get16(packet + tcp + 2);
	size_t data = tcp + (size_t)(packet[tcp + 12] >> 4) * 4;
	unsigned port = from == FRAME_PCAP_TCP_PORT || from == FRAME_PCAP_RTU_PORT ? from : to;
	if ((port != FRAME_PCAP_TCP_PORT && port != FRAME_PCAP_RTU_PORT) || data >= end ||
		end - data > FRAME_BYTES_MAX)
		return NULL;
	enum frame_transport transport =
		port == FRAME_PCAP_TCP_PORT ? TRANSPORT_TCP : TRANSPORT_RTU;
	if (file->has_transport && transport != file->transport)
		return NULL;
	file->transport = transport;
	file->has_transport = true;
	frame->mark = to == port ? FRAME_MARK_REQUEST : FRAME_MARK_ANSWER;
	frame->length = end - data;
	return packet + data;
}

/* What an answer is, to what was asked last. */
static void judge(struct reading_file *file, struct recorded_frame *frame)
{
	struct frame_answer answer;
	if (frame->mark == FRAME_MARK_REQUEST) {
		file->question.transport = file->transport;
		file->question.transaction = (uint16_t)get16(frame->bytes);
		if (!frame_is_request(file->transport, frame, &file->question.request))
			frame->mark = FRAME_MARK_STRANGE;
		return;
	}
	frame->verdict = frame_judge_answer(&file->question, frame->bytes, frame->length, &answer);
	if (frame->verdict == FRAME_EXCEPTION)
		frame->mark = FRAME_MARK_REFUSAL;
	else if (frame->verdict == FRAME_WRONG_ADDRESS || frame->verdict == FRAME_WRONG_FUNCTION)
		frame->mark = FRAME_MARK_STRANGE;
	else if (frame->verdict != FRAME_GOOD)
		frame->mark = FRAME_MARK_BAD;
}

static bool add_frame(struct reading_file *file, const struct timed_frame *timed)
{
	if (file->count == file->room) {
		size_t room = file->room > 0 ? 2 * file->room : 256;
		void *frames = realloc(file->frames, room * sizeof *file->frames);
		if (frames == NULL)
			return false;
		file->frames = frames;
		file->room = room;
	}
	file->frames[file->count++] = *timed;
	return true;
}

/* One packet; NULL, or why the file cannot be read on. *ret_more: there was one. */
static const char *read_packet(struct reading_file *file, FILE *stream, bool *ret_more)
{
	static uint8_t packet[PACKET_BYTES_MAX];
	uint32_t header[4];
	struct timed_frame timed = {.frame.number = file->count + 1};
	*ret_more = fread(header, sizeof header, 1, stream) == 1;
	if (!*ret_more)
		return NULL;
	uint32_t length = number_of(file, header[2]);
	if (length > sizeof packet || fread(packet, 1, length, stream) != length)
		return "it ends in the middle of a packet";
	int64_t fraction = number_of(file, header[1]);
	timed.at_wall_us = (int64_t)number_of(file, header[0]) * US_PER_S +
			   (file->nanoseconds ? fraction / 1000 : fraction);
	const uint8_t *bytes = segment_of(file, packet, length, &timed.frame);
	if (bytes == NULL)
		return NULL;
	memcpy(timed.frame.bytes, bytes, timed.frame.length);
	judge(file, &timed.frame);
	if (file->count >= FRAME_PCAP_FRAMES_MAX)
		return "it holds more than 100,000 frames";
	return add_frame(file, &timed) ? NULL : "out of memory";
}

static const char *read_header(struct reading_file *file, FILE *stream)
{
	uint32_t header[FILE_HEADER_BYTES / sizeof(uint32_t)];
	if (fread(header, sizeof header, 1, stream) != 1)
		return "it is no pcap file: it is too short";
	file->swapped = header[0] == __builtin_bswap32(MAGIC_US) ||
			header[0] == __builtin_bswap32(MAGIC_NS);
	uint32_t magic = number_of(file, header[0]);
	if (magic != MAGIC_US && magic != MAGIC_NS)
		return "it is no pcap file (pcapng: `editcap -F pcap` makes one)";
	file->nanoseconds = magic == MAGIC_NS;
	file->link = number_of(file, header[5]) & 0xFFFF;
	if (file->link != LINK_ETHERNET && file->link != LINK_RAW && file->link != LINK_COOKED)
		return "its link type is not Ethernet, Linux cooked or raw IPv4";
	return NULL;
}

const char *frame_pcap_read(FILE *stream, enum frame_transport *ret_transport,
	struct timed_frame **ret_frames, size_t *ret_count)
{
	struct reading_file file = {0};
	bool more = true;
	const char *reason = read_header(&file, stream);
	while (reason == NULL && more)
		reason = read_packet(&file, stream, &more);
	if (reason == NULL && file.count == 0)
		reason = "no Modbus frame is in it (TCP ports 502 and 5020 are looked at)";
	if (reason != NULL) {
		free(file.frames);
		return reason;
	}
	*ret_transport = file.transport;
	*ret_frames = file.frames;
	*ret_count = file.count;
	return NULL;
}

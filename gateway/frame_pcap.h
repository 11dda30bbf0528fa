/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_pcap.h -- Frames of a bus as a pcap file, for Wireshark and to send home,
 * and back. Each frame becomes a TCP segment between 192.0.2.1 (the gateway) and
 * 192.0.2.2 (the line): port 502 for Modbus TCP, which tshark knows by itself, and
 * FRAME_PCAP_RTU_PORT for RTU:
 *
 *	tshark -r cellar.pcap -d tcp.port==5020,mbrtu
 *
 * Source: PCAP Capture File Format (draft-ietf-opsawg-pcap); RFC 791, 9293; addresses of
 * RFC 5737. By hand, because libpcap would bring D-Bus into the daemon's memory for a header of
 * 40 bytes.
 */
#ifndef GATEWAY_FRAME_PCAP_H
#define GATEWAY_FRAME_PCAP_H

#include <stdio.h>

#include "drivers/frame_record.h"

enum {
	FRAME_PCAP_TCP_PORT = 502,
	FRAME_PCAP_RTU_PORT = 5020,
	FRAME_PCAP_FRAMES_MAX = 100000, /* read from one file */
};

/* A frame and when it was, on the wall clock. */
struct timed_frame {
	int64_t at_wall_us;
	struct recorded_frame frame;
};

/* Silences have no bytes and are left out. False: it could not be written; errno tells. */
__attribute__((warn_unused_result)) bool frame_pcap_write(FILE *stream,
	enum frame_transport transport, const struct timed_frame *frames, size_t count);

/*
 * The frames of a file that frame_pcap_write() made, or that a capture of port
 * 502 holds (Ethernet, Linux cooked or raw IPv4; whole frames only). Marks and
 * verdicts are judged anew. *ret_frames is to be freed. NULL, or why not.
 */
const char *frame_pcap_read(FILE *stream, enum frame_transport *ret_transport,
	struct timed_frame **ret_frames, size_t *ret_count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_manager.h -- Tells systemd how the daemon is: ready, reloading, alive,
 * stopping. Nothing happens where no service manager asked for it.
 *
 * The protocol is one datagram (sd_notify(3), "Standalone Implementations").
 * libsystemd is left out for it: it brings six libraries, a megabyte of the
 * daemon's eight.
 */
#ifndef GATEWAY_SERVICE_MANAGER_H
#define GATEWAY_SERVICE_MANAGER_H

/* "READY=1", "WATCHDOG=1"; several are separated by line ends. */
__attribute__((format(printf, 1, 2))) void service_manager_tell(const char *format, ...);

#endif

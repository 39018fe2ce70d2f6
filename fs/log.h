/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where messages go: stderr while someone may be looking at it, syslog once the
 * daemon is on its own.  The only place in fs that prints while a mount is up.
 *
 * Below it: core/base.  Safe from many threads.
 */
#ifndef RFS_LOG_H
#define RFS_LOG_H

#include "base/error.h"

/* One line, "recordiofs: …"; control bytes in it are shown as \xNN. */
void rfs_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for something that is no trouble, only worth knowing. */
void rfs_log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* file:line:column: message. */
void rfs_log_error(const struct rio_error *err);

/* From now on to syslog. */
void rfs_log_to_syslog(void);

/* Let what libfuse has to say come out as ours. */
void rfs_log_adopt_libfuse(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process around a mount: to the background, a session from mount to
 * unmount, signals, and the moment at which the mount can be read.
 *
 * Below it: ops, thread, log, libfuse.
 */
#ifndef RFS_DAEMON_H
#define RFS_DAEMON_H

#include "ops.h"

/* Exit codes of recordiofs. */
enum {
	RFS_EXIT_OK = 0,
	RFS_EXIT_CALL = 2,   /* the call is wrong */
	RFS_EXIT_SYSTEM = 3, /* the system refused */
};

/*
 * Go on in a child; before any thread is started.  In the child it returns -1
 * and *ret_ready_fd is for rfs_daemon_serve.  In the parent it returns, once the
 * child is ready or has failed, the code to exit with.
 */
int rfs_daemon_detach(int *ret_ready_fd);

/*
 * Mount at mountpoint (absolute), answer requests until it is unmounted or a
 * signal comes, unmount.  ready_fd: of rfs_daemon_detach, or -1 in the foreground.
 * Returns the code to exit with.
 */
int rfs_daemon_serve(struct rfs_mount *mount, struct fuse_args *args, const char *mountpoint,
	int ready_fd);

/*
 * The absolute path of the folder MOUNTPOINT.  Where it is the mount of a recordiofs that has
 * died, that is unmounted first.  Returns 0 or a positive errno: EBUSY where it is the mount
 * of one that lives.
 */
int rfs_daemon_resolve_mountpoint(const char *given, char **ret);

#endif

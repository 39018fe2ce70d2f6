/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signal handler has to know which mapping an address belongs to without a lock:
 * guards are a fixed table, taken and given back by atomics.  Where all are taken
 * nothing is mapped; reading takes a little longer than that.
 *
 * Jumping out of the handler was the other way.  It would have to cross whatever the
 * thread was in, and leave each loop over mapped bytes to prepare for it.
 */
#include "source/mapping.h"

#include "base/util.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define GUARDS_MAX 64

/* A mapping that the handler knows: begin is 0 where there is none. */
struct rio_mapping_guard {
	_Atomic uintptr_t begin;
	_Atomic uintptr_t end;
	atomic_bool taken;
	atomic_bool broken;
};

static struct rio_mapping_guard guards[GUARDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before; /* whose SIGBUS it was; changed under the lock */

/* From linux/magic.h and the filesystems themselves; no server is behind these. */
static bool is_local(long type)
{
	static const uint32_t local[] = {
		0x0000ef53, /* ext2, 3, 4 */
		0x58465342, /* XFS */
		0x9123683e, /* Btrfs */
		0xf2f52010, /* F2FS */
		0x2fc12fc1, /* ZFS */
		0x01021994, /* tmpfs */
		0x794c7630, /* overlayfs */
		0x73717368, /* squashfs */
		0xe0f5e1e2, /* EROFS */
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(local); i++)
		if ((uint32_t)type == local[i])
			return true;
	return false;
}

/*
 * Other threads take guards and give them back meanwhile, and end is changed only where
 * begin is 0: they belong together if begin is the same before and after.
 */
static struct rio_mapping_guard *find_guard(uintptr_t address)
{
	for (size_t i = 0; i < GUARDS_MAX; i++) {
		uintptr_t begin = atomic_load(&guards[i].begin);

		if (begin && address >= begin && address < atomic_load(&guards[i].end) &&
			atomic_load(&guards[i].begin) == begin)
			return &guards[i];
	}
	return NULL;
}

/* Zeros from the page that cannot be read to the end of the mapping. */
static bool replace(struct rio_mapping_guard *guard, uintptr_t address)
{
	uintptr_t page = address & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	atomic_store(&guard->broken, true);
	return mmap((void *)page, atomic_load(&guard->end) - page, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	struct rio_mapping_guard *guard = find_guard((uintptr_t)info->si_addr);
	int saved_errno = errno;

	if (guard && replace(guard, (uintptr_t)info->si_addr)) {
		errno = saved_errno;
		return;
	}
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(signo, info, context);
	} else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
		before.sa_handler(signo);
	} else {
		/* The read is tried again, and ends the process as it would have. */
		sigaction(signo, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	}
}

/* Take SIGBUS, again where someone took it since. */
static bool install(void)
{
	struct sigaction ours = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction now;
	bool installed = true;

	pthread_mutex_lock(&lock);
	if (sigaction(SIGBUS, NULL, &now) < 0) {
		installed = false;
	} else if (!(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_sigbus) {
		before = now;
		installed = sigaction(SIGBUS, &ours, NULL) == 0;
	}
	pthread_mutex_unlock(&lock);
	return installed;
}

static struct rio_mapping_guard *take_guard(void)
{
	for (size_t i = 0; i < GUARDS_MAX; i++)
		if (!atomic_exchange(&guards[i].taken, true))
			return &guards[i];
	return NULL;
}

static void give_back(struct rio_mapping_guard *guard)
{
	atomic_store(&guard->begin, 0);
	atomic_store(&guard->broken, false);
	atomic_store(&guard->taken, false);
}

bool rio_mapping_create(int fd, uint64_t off, size_t len_bytes, struct rio_mapping *ret)
{
	struct rio_mapping_guard *guard;
	struct statfs fs;
	void *bytes;

	if (!install() || fstatfs(fd, &fs) < 0 || !is_local((long)fs.f_type))
		return false;
	guard = take_guard();
	if (!guard)
		return false;
	bytes = mmap(NULL, len_bytes, PROT_READ, MAP_SHARED, fd, (off_t)off);
	if (bytes == MAP_FAILED) {
		give_back(guard);
		return false;
	}
	atomic_store(&guard->end, (uintptr_t)bytes + len_bytes);
	atomic_store(&guard->begin, (uintptr_t)bytes);
	*ret = (struct rio_mapping){bytes, len_bytes, guard};
	return true;
}

bool rio_mapping_destroy(struct rio_mapping *mapping)
{
	bool whole;

	if (!mapping->bytes)
		return true;
	whole = !atomic_load(&mapping->guard->broken);
	give_back(mapping->guard);
	munmap((void *)(uintptr_t)mapping->bytes, mapping->len_bytes);
	*mapping = (struct rio_mapping){0};
	return whole;
}

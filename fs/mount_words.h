/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of mount(8) and fstab that may stand in an -o list and are no
 * options of ours.
 *
 * Below it: libc only.
 */
#ifndef RFS_MOUNT_WORDS_H
#define RFS_MOUNT_WORDS_H

#include <stdbool.h>

/* Said to others, or so in any case: it has no effect here. */
bool rfs_word_is_dropped(const char *word);

/* One of those that mount(8), unlike people, hands on whenever it says rw. */
bool rfs_word_is_added(const char *word);

bool rfs_word_is_for_kernel(const char *word);

#endif

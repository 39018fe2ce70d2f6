/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a FIFO of layout=sagemaker is called, and back: channel "train" and epoch 3 <->
 * train_3.  Pure functions of names.
 *
 * Below it: names.
 */
#ifndef RFS_INPUT_NAMES_H
#define RFS_INPUT_NAMES_H

#include "names.h"

#include <stdint.h>

/* False where name is no FIFO's: the number is decimal, without a zero before it. */
bool rfs_input_parse_fifo(const char *name, rfs_name ret_channel, uint64_t *ret_epoch);

/* False where the name would be too long. */
bool rfs_input_print_fifo(const char *channel, uint64_t epoch, rfs_name ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three files of /opt/ml/input/config, as SageMaker writes them, and the environment
 * that its training toolkit makes of them.
 *
 * Below it: base, channel/job, jansson.  It reads no file, and of the machine only how many
 * processors there are.
 */
#ifndef RIO_CHANNEL_CONFIG_H
#define RIO_CHANNEL_CONFIG_H

#include "base/error.h"
#include "channel/job.h"

#include <stddef.h>

enum rio_config_file {
	RIO_CONFIG_INPUT_DATA,      /* inputdataconfig.json */
	RIO_CONFIG_RESOURCE,        /* resourceconfig.json */
	RIO_CONFIG_HYPERPARAMETERS, /* hyperparameters.json */
	RIO_CONFIG_FILES,
};

const char *rio_config_name(enum rio_config_file file);

/*
 * The text of one of them; freed by the caller.  hyperparameters is the text of the
 * user's file (any flat JSON object; what is no string becomes one), or NULL for {};
 * RIO_EOPTION where it is not such an object, or a channel's name is none
 * (rio_job_is_channel).
 *
 * ContentType is what is delivered, application/x-recordio-protobuf; with wrapped records,
 * which hold CSV as it is, what the job says of it.  FastFile is called File there, as
 * SageMaker does.
 */
int rio_config_text(enum rio_config_file file, const struct rio_job *job,
	const char *const *channels, size_t nr_channels, const char *hyperparameters, char **ret,
	struct rio_error *err);

/*
 * SM_CHANNELS, SM_CHANNEL_TRAIN, SM_HOSTS, SM_CURRENT_HOST, SM_NUM_GPUS, … as
 * "NAME=value", NULL at the end; freed with rio_config_free_environment.  input is the
 * folder, absolute, that holds config and data.  Models and output go to folders beside it
 * where it is called input, as /opt/ml/input is, and else to folders in it; in the former
 * case SAGEMAKER_BASE_DIR, with which the toolkit itself finds all this, is the folder above.
 */
int rio_config_environment(const struct rio_job *job, const char *const *channels,
	size_t nr_channels, const char *hyperparameters, const char *input, char ***ret,
	struct rio_error *err);
void rio_config_free_environment(char **environment);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, and where.
 *
 * Below it: libc only.  It prints nothing: whoever stands at a boundary (the
 * tool's main, the mount's log) decides where a message goes.
 *
 * A function that can fail returns 0 or a negative enum rio_code, and takes a
 * caller-owned struct rio_error as its last argument.  The struct has a fixed
 * size, so running out of memory can be told like anything else.
 */
#ifndef RIO_BASE_ERROR_H
#define RIO_BASE_ERROR_H

#include <stddef.h>
#include <stdint.h>

enum rio_code {
	RIO_OK = 0,
	RIO_ENOMEM = -1,          /* memory ran out */
	RIO_ESYSTEM = -2,         /* the system refused: sys_errno says why */
	RIO_EROW = -3,            /* a row cannot be encoded: line and column are set */
	RIO_ESCHEMA = -4,         /* the file and the options do not go together */
	RIO_EOPTION = -5,         /* an option or argument is wrong */
	RIO_ESOURCE_CHANGED = -6, /* the source is no longer what was indexed */
	RIO_EPAST_END = -7,       /* an offset lies behind the end */
	RIO_ENOT_INDEXED = -8,    /* no map is kept for this source and these options */
	RIO_EMAP_STALE = -9,      /* a kept map belongs to an older state of the source */
	RIO_EMAP_DAMAGED = -10,   /* a kept map fails its seals or its bounds */
	RIO_EDAMAGED = -11,       /* a compressed file is damaged, or cannot be read in pieces */
};

/*
 * The same for scripts, and finer where rows are concerned: rio_kind_word has the
 * word of each, which is part of the contract.
 */
enum rio_kind {
	RIO_KIND_NONE,
	/* RIO_EROW: why a row, or its record, is bad. */
	RIO_KIND_NUMBER,  /* a cell is not a number */
	RIO_KIND_MISSING, /* a cell is missing where none may be */
	RIO_KIND_WHOLE,   /* a number is not whole, under int32 */
	RIO_KIND_RANGE,   /* … or beyond it */
	RIO_KIND_UTF8,    /* a uid is not UTF-8 */
	RIO_KIND_FIELDS,  /* the row has not as many fields as the first */
	RIO_KIND_NUL,     /* it holds a NUL byte */
	RIO_KIND_QUOTE,   /* a quote is misplaced, or never closed */
	RIO_KIND_LONG,    /* a row, or a record, is too long */
	RIO_KIND_MAGIC,   /* nothing keeps the magic out of its record */
	RIO_KIND_FRAME,   /* RecordIO: a damaged frame */
	RIO_KIND_RECORD,  /* RecordIO: a frame holds no record of SageMaker's */
	/* All other codes. */
	RIO_KIND_SCHEMA,
	RIO_KIND_OPTION,
	RIO_KIND_DAMAGED, /* a compressed file */
	RIO_KIND_CHANGED,
	RIO_KIND_MAP,
	RIO_KIND_SYSTEM,
	RIO_KIND_MEMORY,
	RIO_NR_KINDS,
};

struct rio_error {
	enum rio_code code;
	enum rio_kind kind;
	int sys_errno;      /* errno where code is RIO_ESYSTEM, else 0 */
	uint64_t src_off;   /* RIO_EROW: source offset of the cell's first byte */
	uint64_t row;       /* RIO_EROW: data row, from 0 */
	uint64_t record_off; /* RIO_EROW of a read: where its record begins in the encoded file */
	uint64_t line;      /* from 1; 0 where no place in a file is meant */
	uint64_t column;    /* byte in the line, from 1 */
	char file[512];     /* as the user named it; "" where no file is meant; cut with "…" */
	char message[512];  /* one line, no final stop, no file or place; cut with "…" */
};

/* Fill err (NULL is taken) and return code, so that a failure is one line. */
int rio_fail(struct rio_error *err, enum rio_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for RIO_EROW, which has a kind. */
int rio_fail_row(struct rio_error *err, enum rio_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for RIO_ESYSTEM: takes errno, and adds its text to the message. */
int rio_fail_errno(struct rio_error *err, int sys_errno, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same of a file: it is what rio_error_set_file would say, and what says what went wrong. */
int rio_fail_file(struct rio_error *err, int sys_errno, const char *file, const char *what);

/* The word that scripts know a kind by. */
const char *rio_kind_word(enum rio_kind kind);

/* Say which file err is about, unless a lower layer said so already. */
void rio_error_set_file(struct rio_error *err, const char *file);

/*
 * Write "file:line:column: message" (as much of it as is known) into text,
 * always terminated.  Returns text.
 */
char *rio_error_format(const struct rio_error *err, char *text, size_t text_bytes);

/* Long enough for every formatted error. */
#define RIO_ERROR_TEXT_BYTES 1200

/*
 * Write a cell's bytes as a reader should see them in a message: in single
 * quotes, control characters and invalid UTF-8 as \xNN, cut with "…" beyond about
 * 40 characters.  Returns text, always terminated.
 */
char *rio_quote_cell(const uint8_t *cell, size_t cell_bytes, char *text, size_t text_bytes);

/* The same for a column's name, in double quotes. */
char *rio_quote_name(const char *name, char *text, size_t text_bytes);

/* Long enough for whatever these two write. */
#define RIO_QUOTED_TEXT_BYTES 64

#endif

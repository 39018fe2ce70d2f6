/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/bars.h"

#include "base/util.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

/* The user's character set, without setting a locale: decimal points stay points. */
static bool is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

	if (locale)
		freelocale(locale);
	return utf8;
}

bool rio_bars_shown(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && is_utf8();
}

char *rio_bars(const struct rio_range *range, char text[RIO_BARS_BYTES])
{
	static const char *const levels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	const uint64_t *bins;
	unsigned nr = rio_range_bins(range, &bins);
	uint64_t most = 1;
	char *end = text;

	for (unsigned i = 0; i < nr; i++)
		most = RIO_MAX(most, bins[i]);
	for (unsigned i = 0; i < nr; i++) {
		double part = (double)bins[i] / (double)most;

		end = stpcpy(end, levels[bins[i] ? 1 + (int)(7 * part) : 0]);
	}
	*end = '\0';
	return text;
}

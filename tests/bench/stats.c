/* stats.c: see stats.h. */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

void
stats_sort(double *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
}

double
stats_quantile(const double *sorted, size_t count, double part)
{
	size_t rank = (size_t)ceil(part * (double)count);

	if (rank == 0)
		rank = 1;
	return sorted[rank > count ? count - 1 : rank - 1];
}

double
stats_best(const double *values, size_t count, bool is_greatest)
{
	double best = values[0];

	for (size_t i = 1; i < count; i++)
		if ((values[i] > best) == is_greatest)
			best = values[i];
	return best;
}

struct stats_turn
stats_turn(size_t turn, size_t figure_count)
{
	return (struct stats_turn){ .figure = turn % figure_count, .round = (unsigned)(turn / figure_count) };
}

double
stats_unevenness(const uint64_t *shares, size_t count)
{
	double sum = 0, most = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)shares[i];
	if (sum == 0)
		return 100;
	for (size_t i = 0; i < count; i++)
		most = fmax(most, fabs((double)shares[i] * (double)count / sum - 1));
	return most * 100;
}

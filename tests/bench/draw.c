/* draw.c: the result as SVG. One row for each figure that was measured, a scale for each group: a bar up to the median, a line up to the 99th percentile. */
#include "bench.h"

#include <math.h>
#include <string.h>

#include "stats.h"

#define WIDTH 900
#define BAR_X 190
#define BAR_WIDTH 520
#define ROW 22
#define HEADING 34
#define TOP 82

static void
put_text(FILE *file, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<': fputs("&lt;", file); break;
		case '>': fputs("&gt;", file); break;
		case '&': fputs("&amp;", file); break;
		case '"': fputs("&quot;", file); break;
		default:
			if ((unsigned char)*text >= ' ') /* XML has no others */
				fputc(*text, file);
		}
}

static void
put_label(FILE *file, double x, double y, const char *kind, const char *text)
{
	fprintf(file, "<text x=\"%.0f\" y=\"%.0f\" class=\"%s\">", x, y, kind);
	put_text(file, text);
	fputs("</text>\n", file);
}

/* Whole decades around all medians and percentiles of the group that `first` is of. */
struct axis {
	double least, most; /* log10 */
};

static bool
is_in_group(size_t i, size_t first, const struct result *results)
{
	return results[i].count > 0 && strcmp(figures[i].group, figures[first].group) == 0;
}

static struct axis
axis_of(size_t first, const struct result *results)
{
	struct axis axis = { .least = INFINITY, .most = -INFINITY };

	for (size_t i = first; i < figure_count; i++)
		if (is_in_group(i, first, results)) {
			const struct result *result = &results[i];
			double median = stats_quantile(result->samples, result->count, 0.5);
			double p99 = stats_quantile(result->samples, result->count, 0.99);
			axis.least = fmin(axis.least, log10(fmax(median, 1e-3)));
			axis.most = fmax(axis.most, log10(fmax(fmax(median, p99), 1e-3)));
		}
	axis.least = floor(axis.least - 0.5);
	axis.most = fmax(ceil(axis.most), axis.least + 1);
	return axis;
}

static double
place(const struct axis *axis, double value)
{
	double part = (log10(fmax(value, 1e-3)) - axis->least) / (axis->most - axis->least);

	return BAR_X + BAR_WIDTH * fmin(fmax(part, 0), 1);
}

static void
draw_row(FILE *file, double y, const struct figure *figure, const struct result *result,
	const struct axis *axis)
{
	double median = stats_quantile(result->samples, result->count, 0.5);
	double p99 = stats_quantile(result->samples, result->count, 0.99);
	double end = place(axis, median);
	char value[32];

	put_label(file, BAR_X - 8, y + 15, figure->is_ours ? "name ours" : "name", figure->name);
	fprintf(file, "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"14\" class=\"%s\"><title>", BAR_X,
		y + 4, end - BAR_X, figure->is_ours ? "bar mine" : "bar");
	put_text(file, figure->what);
	fputs("</title></rect>\n", file);
	if (result->count >= MANY_SAMPLES)
		fprintf(file, "<path d=\"M%.1f %.1fH%.1fm0 -4v8\" class=\"p99\"/>\n", end, y + 11,
			fmax(place(axis, p99), end));
	put_label(file, BAR_X + BAR_WIDTH + 12, y + 15, "value", say_value(figure->unit, median, value));
}

static double
draw_group(FILE *file, double y, size_t first, const struct result *results)
{
	struct axis axis = axis_of(first, results);

	put_label(file, BAR_X, y + 24, "group", figures[first].group);
	y += HEADING;
	for (size_t i = first; i < figure_count; i++)
		if (is_in_group(i, first, results)) {
			draw_row(file, y, &figures[i], &results[i], &axis);
			y += ROW;
		}
	return y;
}

static bool
begins_group(size_t i, const struct result *results)
{
	for (size_t before = 0; before < i; before++)
		if (is_in_group(before, i, results))
			return false;
	return results[i].count > 0;
}

static int
height_of(const struct result *results)
{
	int height = TOP + ROW;

	for (size_t i = 0; i < figure_count; i++)
		if (results[i].count > 0)
			height += ROW + (begins_group(i, results) ? HEADING : 0);
	return height;
}

void
draw(FILE *file, const struct machine *machine, const struct result *results)
{
	int height = height_of(results);
	double y = TOP;
	char line[512];

	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
		WIDTH, height, WIDTH, height);
	fputs("<style>text{font:13px sans-serif;fill:#333}.title{font-size:17px;font-weight:bold}.group{font-weight:bold}"
	      ".name{text-anchor:end}.ours{font-weight:bold;fill:#a33}.bar{fill:#9ab}.mine{fill:#c55}.p99{stroke:#555;fill:none}</style>\n",
		file);
	fprintf(file, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, height);
	put_label(file, 20, 28, "title", "tractor and its neighbours, 64 bytes a message");
	put_label(file, 20, 48, "value",
		"bar: median; line: 99th percentile; logarithmic, a scale for each group");
	snprintf(line, sizeof(line), "%s: %ld CPUs (%s), %s, load %.2f", machine->when, machine->cpus,
		machine->model, machine->kernel, machine->load[0]);
	put_label(file, 20, 66, "value", line);
	for (size_t i = 0; i < figure_count; i++)
		if (begins_group(i, results))
			y = draw_group(file, y, i, results);
	fputs("</svg>\n", file);
}

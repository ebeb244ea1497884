/* Landmarks moved to the centre of mass of their heat maps (see decoding.py, which computes the same in numpy). */
#include "native.h"

#include <math.h>

/* Half of the window. Its best cell must reach one half, whose logit is 0. */
enum { REACH = 3 };

/* One body's points, x and y as fractions of the maps' sides; maps are (height, width, depth) logits. The highest cell
   around each point before it moves, a logit, goes to peaks; -INFINITY for points outside their map. */
EXPORT void native_refine(float *points, float *peaks, int count, const float *maps, int height, int width, int depth) {
    for (int i = 0; i < count; i++) {
        float *x = &points[2 * i], *y = &points[2 * i + 1];
        peaks[i] = -INFINITY;
        const float at_x = *x * (float)width, at_y = *y * (float)height;
        /* Also false for what is no number. Fractions of a cell before the first one are truncated to it. */
        if (!(at_x > -1 && at_x < (float)width && at_y > -1 && at_y < (float)height)) continue;
        const int column = (int)at_x, row = (int)at_y;
        const int left = column > REACH ? column - REACH : 0, right = column + REACH < width ? column + REACH : width - 1;
        const int top = row > REACH ? row - REACH : 0, bottom = row + REACH < height ? row + REACH : height - 1;
        const float *map = maps + i;
        float best = -INFINITY, total = 0, sum_x = 0, sum_y = 0;
        for (int r = top; r <= bottom; r++)
            for (int c = left; c <= right; c++) best = fmaxf(best, map[((long long)r * width + c) * depth]);
        peaks[i] = best;
        if (!(best >= 0)) continue;
        for (int r = top; r <= bottom; r++)
            for (int c = left; c <= right; c++) {
                const float weight = 1 / (1 + expf(-map[((long long)r * width + c) * depth]));
                total += weight;
                sum_x += weight * (float)c;
                sum_y += weight * (float)r;
            }
        *x = sum_x / total / (float)width;
        *y = sum_y / total / (float)height;
    }
}

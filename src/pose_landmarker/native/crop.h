/* Cutting a turned square out of a picture, row by row, as OpenCV 4's warpPerspective does it (linear): source
 * coordinates are rounded to 1/32 of a pixel, sums of products of integers to the nearest byte.
 * Included by kernels.c. */

/* The four pixels around a place and their weights; beyond the picture its border goes on, or there is black. */
static void sample(const operation *op, int x, int y, float *out, int plane) {
    const uint8_t *image = op->in;
    const int column = x >> 5, row = y >> 5, right = x & 31, down = y & 31;
    int sums[3] = {0, 0, 0};
    for (int dy = 0; dy < 2; dy++)
        for (int dx = 0; dx < 2; dx++) {
            int from_x = column + dx, from_y = row + dy;
            const int weight = (dx ? right : 32 - right) * (dy ? down : 32 - down);
            if (!weight) continue;
            if (op->replicate) {
                from_x = at_most(at_least(from_x, 0), op->width - 1);
                from_y = at_most(at_least(from_y, 0), op->height - 1);
            } else if ((unsigned)from_x >= (unsigned)op->width || (unsigned)from_y >= (unsigned)op->height) {
                continue;
            }
            const uint8_t *pixel = image + ((long long)from_y * op->width + from_x) * 3;
            for (int c = 0; c < 3; c++) sums[c] += weight * pixel[c];
        }
    for (int c = 0; c < 3; c++) out[c * plane] = (float)((sums[c] + 512) >> 10) * op->scale + op->offset;
}

INLINE int rounded(double x) {
    /* Far outside is far outside, and an int must hold it. */
    return x < -1e9 ? -1000000000 : x > 1e9 ? 1000000000 : (int)__builtin_rint(x);
}

#if LANES == 16
typedef __m512i integers;
#define INTEGERS(x) _mm512_set1_epi32(x)
#define AND(a, b) _mm512_and_si512(a, b)
#define OR(a, b) _mm512_or_si512(a, b)
#define LEFT(a, n) _mm512_slli_epi32(a, n)
#define RIGHT(a, n) _mm512_srai_epi32(a, n)
#define PLUS(a, b) _mm512_add_epi32(a, b)
#define MINUS(a, b) _mm512_sub_epi32(a, b)
#define TIMES(a, b) _mm512_mullo_epi32(a, b)
#define PAIRS(a, b) _mm512_madd_epi16(a, b)
#define GATHER(base, at) _mm512_i32gather_epi32(at, base, 1)
#define SMALLER(a, b) _mm512_min_epi32(a, b)
#define LARGER(a, b) _mm512_max_epi32(a, b)
#define SHIFTED(a, n) _mm512_srlv_epi32(a, n)
#define TO_FLOAT(a) ((vector)_mm512_cvtepi32_ps(a))
typedef double doubles __attribute__((vector_size(64)));
INLINE doubles columns(int x) { return (doubles){0, 1, 2, 3, 4, 5, 6, 7} + x; }
INLINE integers to_integers(doubles low, doubles high) {
    const __m256i a = _mm512_cvtpd_epi32((__m512d)low), b = _mm512_cvtpd_epi32((__m512d)high);
    return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
}
INLINE int all_inside(integers x, int end) {
    return _mm512_cmplt_epu32_mask(x, _mm512_set1_epi32(end)) == 0xffff;
}
#elif LANES == 8
typedef __m256i integers;
#define INTEGERS(x) _mm256_set1_epi32(x)
#define AND(a, b) _mm256_and_si256(a, b)
#define OR(a, b) _mm256_or_si256(a, b)
#define LEFT(a, n) _mm256_slli_epi32(a, n)
#define RIGHT(a, n) _mm256_srai_epi32(a, n)
#define PLUS(a, b) _mm256_add_epi32(a, b)
#define MINUS(a, b) _mm256_sub_epi32(a, b)
#define TIMES(a, b) _mm256_mullo_epi32(a, b)
#define PAIRS(a, b) _mm256_madd_epi16(a, b)
#define GATHER(base, at) _mm256_i32gather_epi32((const int *)(base), at, 1)
#define SMALLER(a, b) _mm256_min_epi32(a, b)
#define LARGER(a, b) _mm256_max_epi32(a, b)
#define SHIFTED(a, n) _mm256_srlv_epi32(a, n)
#define TO_FLOAT(a) ((vector)_mm256_cvtepi32_ps(a))
typedef double doubles __attribute__((vector_size(32)));
INLINE doubles columns(int x) { return (doubles){0, 1, 2, 3} + x; }
INLINE integers to_integers(doubles low, doubles high) {
    const __m128i a = _mm256_cvtpd_epi32((__m256d)low), b = _mm256_cvtpd_epi32((__m256d)high);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
}
INLINE int all_inside(integers x, int end) {
    const __m256i below = _mm256_cmpgt_epi32(_mm256_setzero_si256(), x);
    const __m256i fits = _mm256_cmpgt_epi32(_mm256_set1_epi32(end), x);
    return _mm256_movemask_epi8(_mm256_andnot_si256(below, fits)) == -1;
}
#endif

/* How places in a picture follow from a row of the crop: steps of 1/32 of a pixel, over a divisor that is nearly 1
 * (corners are rounded, so that a square is not quite one). */
typedef struct {
    double x, by_x, y, by_y, w, by_w;
} line;

INLINE line line_of(const double *m, int y) {
    return (line){32 * (m[1] * y + m[2]), 32 * m[0], 32 * (m[4] * y + m[5]), 32 * m[3], m[7] * y + m[8], m[6]};
}

static void sample_one(const operation *op, const line *at, int i, float *out, int plane) {
    const double w = at->w + at->by_w * i, by = w ? 1 / w : 0;
    sample(op, rounded((at->x + at->by_x * i) * by), rounded((at->y + at->by_y * i) * by), out, plane);
}

#if LANES >= 8
/* 1 / (1 + e) for an e that is next to nothing. */
INLINE doubles about_one(const line *at, doubles i) {
    const doubles e = (at->w - 1) + at->by_w * i;
    return 1 - e * (1 - e * (1 - e));
}

/* Four pixels for each place, three bytes each, and their weights: the sums are written. */
INLINE void blend(const operation *op, integers a, integers b, integers c, integers d, integers x, integers y, float *out,
                  int plane) {
    const integers right = AND(x, INTEGERS(31)), down = AND(y, INTEGERS(31));
    const integers across = OR(MINUS(INTEGERS(32), right), LEFT(right, 16));
    const integers along = OR(MINUS(INTEGERS(32), down), LEFT(down, 16));
    const integers byte = INTEGERS(255), high = INTEGERS(255 << 16);
    const vector scale = splat(op->scale), offset = splat(op->offset);
#define CHANNEL(n, B, D)                                                                            \
    {                                                                                               \
        const integers upper = PAIRS(OR(AND(RIGHT(a, 8 * n), byte), AND(B, high)), across);         \
        const integers lower = PAIRS(OR(AND(RIGHT(c, 8 * n), byte), AND(D, high)), across);         \
        const integers sum = PAIRS(OR(upper, LEFT(lower, 16)), along);                              \
        store(out + n * plane, TO_FLOAT(RIGHT(PLUS(sum, INTEGERS(512)), 10)) * scale + offset);     \
    }
    CHANNEL(0, LEFT(b, 16), LEFT(d, 16))
    CHANNEL(1, LEFT(b, 8), LEFT(d, 8))
    CHANNEL(2, b, d)
}

/* A vector of neighbours in the crop, all well inside the picture; else nothing is done, and 0 is returned. */
INLINE int sample_inside(const operation *op, integers x, integers y, float *out, int plane) {
    const integers column = RIGHT(x, 5), row = RIGHT(y, 5);
    /* Four bytes are read where three count, so that the last pixel of a row but one is the last one. */
    if (!all_inside(column, op->width - 2) || !all_inside(row, op->height - 1)) return 0;
    const integers above = PLUS(TIMES(row, INTEGERS(3 * op->width)), PLUS(column, LEFT(column, 1)));
    const integers below = PLUS(above, INTEGERS(3 * op->width));
    const uint8_t *image = op->in;
    blend(op, GATHER(image, above), GATHER(image + 3, above), GATHER(image, below), GATHER(image + 3, below), x, y, out,
          plane);
    return 1;
}

/* The pixels at some places, or at the nearest there are; or black. */
INLINE integers pixels_at(const operation *op, integers column, integers row) {
    const integers last_column = INTEGERS(op->width - 1), last_row = INTEGERS(op->height - 1);
    const integers x = LARGER(SMALLER(column, last_column), INTEGERS(0));
    const integers y = LARGER(SMALLER(row, last_row), INTEGERS(0));
    const integers at = PLUS(TIMES(y, INTEGERS(3 * op->width)), PLUS(x, LEFT(x, 1)));
    /* Four bytes are read where three count: the last pixel is read with the byte before it. */
    const integers readable = SMALLER(at, INTEGERS(3 * op->width * op->height - 4));
    const integers found = SHIFTED(GATHER((const uint8_t *)op->in, readable), LEFT(MINUS(at, readable), 3));
    if (op->replicate) return found;
    /* Differences to the nearest place: zero for those that are inside. */
    const integers away = OR(MINUS(column, x), MINUS(row, y));
    return AND(found, MINUS(SMALLER(AND(away, INTEGERS(0x7fffffff)), INTEGERS(1)), INTEGERS(1)));
}

INLINE void sample_anywhere(const operation *op, integers x, integers y, float *out, int plane) {
    const integers column = RIGHT(x, 5), row = RIGHT(y, 5);
    const integers next = PLUS(column, INTEGERS(1)), below = PLUS(row, INTEGERS(1));
    blend(op, pixels_at(op, column, row), pixels_at(op, next, row), pixels_at(op, column, below),
          pixels_at(op, next, below), x, y, out, plane);
}
#endif

/* A row of the crop: three planes of floats, with PLANE_EDGE zeros on either side of each. */
static void crop_row(const operation *op, int y) {
    const int size = op->out_width - 2 * PLANE_EDGE, plane = op->out_width;
    float *out = row_out(op, y);
    for (int c = 0; c < 3; c++) {
        memset(out + c * plane, 0, PLANE_EDGE * sizeof(float));
        memset(out + c * plane + PLANE_EDGE + size, 0, PLANE_EDGE * sizeof(float));
    }
    out += PLANE_EDGE;
    const line at = line_of(op->matrix, y);
    int x = 0;
#if LANES >= 8
    const double far = 3e7;  /* as many steps fit into an int, and offsets of pixels within them */
    const double ends[] = {at.x, at.y, at.x + at.by_x * size, at.y + at.by_y * size};
    int near = op->width >= 2 && op->height >= 2 && (long long)op->width * op->height * 3 < 0x7fffffff;
    near = near && fabs(at.w - 1) < 1e-4 && fabs(at.by_w * size) < 1e-4;
    for (int i = 0; i < 4; i++) near = near && fabs(ends[i]) < far;
    for (; near && x + LANES <= size; x += LANES) {
        const doubles low = columns(x), high = columns(x + LANES / 2);
        const doubles by_low = about_one(&at, low), by_high = about_one(&at, high);
        const integers columns_there = to_integers((at.x + at.by_x * low) * by_low, (at.x + at.by_x * high) * by_high);
        const integers rows_there = to_integers((at.y + at.by_y * low) * by_low, (at.y + at.by_y * high) * by_high);
        if (!sample_inside(op, columns_there, rows_there, out + x, plane))
            sample_anywhere(op, columns_there, rows_there, out + x, plane);
    }
#endif
    for (; x < size; x++) sample_one(op, &at, x, out + x, plane);
}

/* The same for a picture that has the size of the crop already. */
static void plain_row(const operation *op, int y) {
    const int size = op->out_width - 2 * PLANE_EDGE;
    const uint8_t *pixels = (const uint8_t *)op->in + (long)y * size * 3;
    for (int c = 0; c < 3; c++) {
        float *out = row_out(op, y) + c * op->out_width;
        memset(out, 0, op->out_width * sizeof(float));
        for (int x = 0; x < size; x++) out[PLANE_EDGE + x] = (float)pixels[3 * x + c] * op->scale + op->offset;
    }
}

/* The kernels, compiled once for each width of vectors: LANES floats, in REGISTERS registers. */
#ifndef __clang__
#pragma GCC optimize("no-tree-pre")  /* it moves more than there are registers for: 3 % of the time */
#endif

#include "native.h"

#include <math.h>
#include <string.h>

#if LANES == 16
#include <immintrin.h>
#define MAX(a, b) ((vector)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define MIN(a, b) ((vector)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define FROM_HALF(at) ((vector)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(at))))
#elif LANES == 8
#include <immintrin.h>
#define MAX(a, b) ((vector)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define MIN(a, b) ((vector)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define FROM_HALF(at) ((vector)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(at))))
#elif defined(__SSE__)
#include <xmmintrin.h>
#define MAX(a, b) ((vector)_mm_max_ps((__m128)(a), (__m128)(b)))
#define MIN(a, b) ((vector)_mm_min_ps((__m128)(a), (__m128)(b)))
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#define MAX(a, b) ((vector)vmaxq_f32((float32x4_t)(a), (float32x4_t)(b)))
#define MIN(a, b) ((vector)vminq_f32((float32x4_t)(a), (float32x4_t)(b)))
#define FROM_HALF(at) ((vector)vcvt_f32_f16(vld1_f16((const float16_t *)(at))))
#else
#error "no vectors are known for this processor"
#endif


typedef float vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* Tiles of a matrix product: so many pixels for one, two and three vectors of channels. Their sums, one row
 * of weights and one pixel fit into the registers. */
#if REGISTERS >= 32
enum { TILE_1 = 16, TILE_2 = 12, TILE_3 = 8 };
#else
enum { TILE_1 = 8, TILE_2 = 6, TILE_3 = 4 };
#endif
/* Multiplications of a unit: some microseconds, much longer than it takes to be given one. */
#define UNIT_WORK 100000
/* Maps of so many pixels and fewer are cut into channels, larger ones into pixels. */
#define FEW 64

INLINE vector splat(float x) { return x - (vector){0}; }

INLINE vector load(const float *at) { return *(const vector *)at; }

INLINE void store(float *at, vector x) { *(vector *)at = x; }

INLINE int at_most(int a, int b) { return a < b ? a : b; }

INLINE int at_least(int a, int b) { return a > b ? a : b; }

#if LANES == 16
/* The nearest bfloat16 numbers, of two the even one. */
INLINE void store_short(uint16_t *at, vector x) {
    const __m512i bits = (__m512i)x, odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i nearest = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    _mm256_storeu_si256((__m256i *)at, _mm512_cvtepi32_epi16(_mm512_srli_epi32(nearest, 16)));
}
#endif

/* Where a row begins. */
INLINE const float *row_in(const operation *op, int y) {
    return (const float *)op->in + (long)(y % op->rows_in) * op->width * op->stride_in;
}

INLINE float *row_out(const operation *op, int y) {
    return op->out + (long)(y % op->rows_out) * op->out_width * op->stride_out;
}

/* What is added to a row. It is never in a thread's own memory. */
INLINE const float *row_add(const operation *op, int y) {
    return op->add ? op->add + (long)y * op->out_width * op->stride_out : 0;
}

/* What is done with finished sums: ReLU6, something added, ReLU6; each of them if wanted. Limits that are
 * infinite cost less than asking each time whether there are any. */
typedef struct {
    vector low_first, high_first, low_last, high_last;
} limits;

INLINE limits limits_of(const operation *op) {
    return (limits){splat(op->clip_first ? 0 : -INFINITY), splat(op->clip_first ? 6 : INFINITY),
                    splat(op->clip_last ? 0 : -INFINITY), splat(op->clip_last ? 6 : INFINITY)};
}

INLINE void finish(vector x, float *out, const float *add, long place, limits is) {
    x = MIN(MAX(x, is.low_first), is.high_first);
    if (add) {
        x += load(add + place);
        x = MIN(MAX(x, is.low_last), is.high_last);
    }
    store(out + place, x);
}

/* --- matrix products ------------------------------------------------------------------------------------ */

/* `pixels` rows of `in` times `vectors` vectors of columns of the weights; both numbers are constants. */
INLINE void product(const operation *op, const float *in, const float *weights, float *out, const float *add,
                    int pixels, int vectors, int channel) {
    vector sums[TILE_1][8];
    UNROLLED for (int p = 0; p < pixels; p++)
        UNROLLED for (int v = 0; v < vectors; v++) sums[p][v] = load(op->bias + channel + v * LANES);
    const long stride = op->stride_in;
    const int depth = op->depth;
    for (int k = 0; k < depth; k++) {
        vector row[8];
        UNROLLED for (int v = 0; v < vectors; v++) row[v] = load(weights + (k * vectors + v) * LANES);
        UNROLLED for (int p = 0; p < pixels; p++) {
            const vector x = splat(in[p * stride + k]);
            UNROLLED for (int v = 0; v < vectors; v++) sums[p][v] += x * row[v];
        }
    }
    const limits is = limits_of(op);
    const long to = op->stride_out;
    out += channel;
    if (add) {
        add += channel;
        UNROLLED for (int p = 0; p < pixels; p++)
            UNROLLED for (int v = 0; v < vectors; v++) finish(sums[p][v], out, add, p * to + v * LANES, is);
    } else {
        UNROLLED for (int p = 0; p < pixels; p++)
            UNROLLED for (int v = 0; v < vectors; v++) finish(sums[p][v], out, 0, p * to + v * LANES, is);
    }
}

/* So many pixels that lie one after the other, tile by tile; the last ones in smaller tiles. */
#define PRODUCTS(VECTORS, TILE)                                                                                  \
    static void products_##VECTORS(const operation *op, const float *weights, const float *in, float *out,       \
                                   const float *add, long pixels, int channel) {                                 \
        const long from = op->stride_in, to = op->stride_out;                                                    \
        for (; pixels >= TILE; pixels -= TILE) {                                                                 \
            product(op, in, weights, out, add, TILE, VECTORS, channel);                                          \
            in += TILE * from, out += TILE * to, add += add ? TILE * to : 0;                                     \
        }                                                                                                        \
        for (; pixels >= 4; pixels -= 4) {                                                                       \
            product(op, in, weights, out, add, 4, VECTORS, channel);                                             \
            in += 4 * from, out += 4 * to, add += add ? 4 * to : 0;                                              \
        }                                                                                                        \
        for (; pixels; pixels--) {                                                                               \
            product(op, in, weights, out, add, 1, VECTORS, channel);                                             \
            in += from, out += to, add += add ? to : 0;                                                          \
        }                                                                                                        \
    }
PRODUCTS(1, TILE_1)
PRODUCTS(2, TILE_2)
PRODUCTS(3, TILE_3)

/* Vectors of channels come in threes; four that are left come in twos. */
INLINE int block_count(int vectors) { return (vectors + 2) / 3; }

INLINE int block_start(int vectors, int block) {
    const int blocks = block_count(vectors), short_by = 3 * blocks - vectors;  /* so many blocks have two, or one has one */
    if (vectors < 3) return 0;
    const int threes = blocks - short_by;
    return block <= threes ? 3 * block : 3 * threes + 2 * (block - threes);
}

/* One block of channels of so many pixels. */
INLINE void block_of_pixels(const operation *op, int block, const float *in, float *out, const float *add, long pixels,
                            float *own) {
    const int vectors = op->stride_out / LANES, start = block_start(vectors, block) * LANES;
    const int wide = vectors < 3 ? vectors : block_start(vectors, block + 1) - start / LANES;
    const float *weights = (const float *)op->weights + (long)start * op->depth;
#ifdef FROM_HALF
    if (op->half) {
        const uint16_t *packed = (const uint16_t *)op->weights + (long)start * op->depth;
        for (long i = 0; i < (long)wide * LANES * op->depth; i += LANES) store(own + i, FROM_HALF(packed + i));
        weights = own;
    }
#else
    (void)own;
#endif
    switch (wide) {
        case 1: products_1(op, weights, in, out, add, pixels, start); break;
        case 2: products_2(op, weights, in, out, add, pixels, start); break;
        default: products_3(op, weights, in, out, add, pixels, start); break;
    }
}

/* A unit is a block of channels of some pixels. Neighbours in number share pixels, or, where there are more
 * weights than pixels, channels: so that a thread, whose units are neighbours, reads little of what others have. */
static void run_pointwise(const operation *op, int unit, float *own) {
    const int blocks = block_count(op->stride_out / LANES), chunks = op->units / blocks;
    const int block = op->by_channels ? unit / chunks : unit % blocks;
    const long first = (long)(op->by_channels ? unit % chunks : unit / blocks) * op->chunk;
    const long pixels = (long)op->out_height * op->out_width, left = pixels - first;
    block_of_pixels(op, block, (const float *)op->in + first * op->stride_in, op->out + first * op->stride_out,
                    op->add ? op->add + first * op->stride_out : 0, left < op->chunk ? left : op->chunk, own);
}

static void pointwise_rows(const operation *op, int first, int end) {
    const int blocks = block_count(op->stride_out / LANES);
    for (int block = 0; block < blocks; block++)
        for (int y = first; y < end; y++)
            block_of_pixels(op, block, row_in(op, y), row_out(op, y), row_add(op, y), op->out_width, 0);
}

static void prepare_pointwise(operation *op) {
    const int blocks = block_count(op->stride_out / LANES), pixels = op->out_height * op->out_width;
    const int tile = TILE_3 * TILE_2 / 4;
    int chunk = UNIT_WORK / at_least(1, op->depth * at_most(op->stride_out, 3 * LANES));
    chunk = at_least(tile, chunk / tile * tile);
    op->by_channels = pixels <= FEW && blocks > 1;
    /* Weights are unpacked for every unit, and some threads want work. */
    if (op->half) chunk = pixels <= FEW && blocks >= 8 ? pixels : (pixels + 1) / 2;
    op->chunk = at_most(chunk, pixels);
    op->units = blocks * ((pixels + op->chunk - 1) / op->chunk);
}

/* --- the picture, and the first layer --------------------------------------------------------------------- */

#include "crop.h"

/* A block of channels as in a matrix product; the weights lie row by row of the kernel, plane by plane, column by
 * column. */
INLINE void pixel_tile(const operation *op, int pixels, int vectors, int channel, int y, int x) {
    vector sums[TILE_1][3];
    UNROLLED for (int p = 0; p < pixels; p++)
        UNROLLED for (int v = 0; v < vectors; v++) sums[p][v] = load(op->bias + channel + v * LANES);
    const float *weights = (const float *)op->weights + (long)channel * 27;
    for (int ky = 0; ky < 3; ky++) {
        const int from = 2 * y - op->top + ky;
        if (from < 0 || from >= op->height) {
            weights += 9 * vectors * LANES;
            continue;
        }
        for (int plane = 0; plane < 3; plane++) {
            const float *in = row_in(op, from) + plane * op->width + PLANE_EDGE + 2 * x - op->left;
            for (int kx = 0; kx < 3; kx++) {
                vector row[3];
                UNROLLED for (int v = 0; v < vectors; v++) row[v] = load(weights + v * LANES);
                UNROLLED for (int p = 0; p < pixels; p++) {
                    const vector value = splat(in[2 * p + kx]);
                    UNROLLED for (int v = 0; v < vectors; v++) sums[p][v] += value * row[v];
                }
                weights += vectors * LANES;
            }
        }
    }
    float *out = row_out(op, y) + (long)x * op->stride_out + channel;
    const limits is = limits_of(op);
    const long to = op->stride_out;
    UNROLLED for (int p = 0; p < pixels; p++)
        UNROLLED for (int v = 0; v < vectors; v++) finish(sums[p][v], out, 0, p * to + v * LANES, is);
}

INLINE void pixel_row(const operation *op, int vectors, int tile, int channel, int y) {
    int x = 0;
    for (; x + tile <= op->out_width; x += tile) pixel_tile(op, tile, vectors, channel, y, x);
    for (; x < op->out_width; x++) pixel_tile(op, 1, vectors, channel, y, x);
}

static void run_pixels(const operation *op, int y) {
    const int vectors = op->stride_out / LANES;
    for (int block = 0; block < block_count(vectors); block++) {
        const int start = block_start(vectors, block), wide = vectors < 3 ? vectors : block_start(vectors, block + 1) - start;
        switch (wide) {
            case 1: pixel_row(op, 1, TILE_1, start * LANES, y); break;
            case 2: pixel_row(op, 2, TILE_3, start * LANES, y); break;
            default: pixel_row(op, 3, TILE_3, start * LANES, y); break;
        }
    }
}

/* --- every channel by itself ---------------------------------------------------------------------------- */

/* `count` pixels of a row of the output, one vector of channels. Numbers from `kernel` on are constants.
 * Each pixel of the input is read once and added to all sums that it is part of. */
INLINE void depthwise_tile(const operation *op, int channel, int y, int x, int kernel, int step, int count, int inside) {
    vector sums[8];
    const vector bias = load(op->bias + channel);
    UNROLLED for (int i = 0; i < count; i++) sums[i] = bias;
    const int left = x * step - op->left;
    for (int ky = 0; ky < kernel; ky++) {
        const int from = y * step - op->top + ky;
        if (from < 0 || from >= op->height) continue;
        const float *in = row_in(op, from) + (long)left * op->stride_in + channel;
        vector row[5];
        UNROLLED for (int kx = 0; kx < kernel; kx++)
            row[kx] = load((const float *)op->weights + ((long)ky * kernel + kx) * op->stride_out + channel);
        UNROLLED for (int i = 0; i < (count - 1) * step + kernel; i++) {
            if (!inside && (unsigned)(left + i) >= (unsigned)op->width) continue;
            const vector pixel = load(in + (long)i * op->stride_in);
            UNROLLED for (int kx = 0; kx < kernel; kx++) {
                const int to = i - kx;
                if (to >= 0 && to % step == 0 && to / step < count) sums[to / step] += pixel * row[kx];
            }
        }
    }
    const long place = (long)x * op->stride_out + channel;
    float *out = row_out(op, y);
    const float *add = row_add(op, y);
    const limits is = limits_of(op);
    const long to = op->stride_out;
#if LANES == 16
    if (op->short_out) {
        uint16_t *brief = (uint16_t *)op->out + ((long)y * op->out_width + x) * op->depth_short + channel;
        UNROLLED for (int i = 0; i < count; i++)
            store_short(brief + (long)i * op->depth_short, MIN(MAX(sums[i], is.low_first), is.high_first));
        if (channel + LANES == op->stride_out && op->depth_short > op->stride_out)
            UNROLLED for (int i = 0; i < count; i++) store_short(brief + (long)i * op->depth_short + LANES, splat(0));
        return;
    }
#endif
    UNROLLED for (int i = 0; i < count; i++) finish(sums[i], out, add, place + i * to, is);
}

INLINE void depthwise_row(const operation *op, int channel, int y, int kernel, int step, int count) {
    int x = 0;
    for (; x + count <= op->out_width; x += count) {
        const int left = x * step - op->left;
        if (left >= 0 && left + (count - 1) * step + kernel <= op->width)
            depthwise_tile(op, channel, y, x, kernel, step, count, 1);
        else
            depthwise_tile(op, channel, y, x, kernel, step, count, 0);
    }
    for (; x < op->out_width; x++) depthwise_tile(op, channel, y, x, kernel, step, 1, 0);
}

/* Rows are cut into tiles that fit their width: 8 pixels, or 7 for the detector's 7, 14, 28 ... */
#define DEPTHWISE_ROWS(KERNEL, STEP)                                                                             \
    static void depthwise_##KERNEL##_##STEP(const operation *op, int channel, int first, int end) {              \
        const int width = op->out_width;                                                                         \
        for (int y = first; y < end; y++) {                                                                      \
            if (width % 8 == 0) depthwise_row(op, channel, y, KERNEL, STEP, 8);                                  \
            else if (width % 7 == 0) depthwise_row(op, channel, y, KERNEL, STEP, 7);                             \
            else if (width % 4 == 0) depthwise_row(op, channel, y, KERNEL, STEP, 4);                             \
            else depthwise_row(op, channel, y, KERNEL, STEP, 2);                                                 \
        }                                                                                                        \
    }
DEPTHWISE_ROWS(3, 1)
DEPTHWISE_ROWS(3, 2)
DEPTHWISE_ROWS(5, 1)
DEPTHWISE_ROWS(5, 2)

static void depthwise_part(const operation *op, int first, int end, int channel, int last) {
    for (; channel < last; channel += LANES) {
        switch (10 * op->kernel + op->step) {
            case 31: depthwise_3_1(op, channel, first, end); break;
            case 32: depthwise_3_2(op, channel, first, end); break;
            case 51: depthwise_5_1(op, channel, first, end); break;
            default: depthwise_5_2(op, channel, first, end); break;
        }
    }
}

static void depthwise_rows(const operation *op, int first, int end) {
    depthwise_part(op, first, end, 0, op->stride_out);
}

static void run_depthwise(const operation *op, int unit) {
    const int first = unit * op->chunk;
    if (op->by_channels)
        depthwise_part(op, 0, op->out_height, first * LANES, at_most((first + op->chunk) * LANES, op->stride_out));
    else
        depthwise_rows(op, first, at_most(first + op->chunk, op->out_height));
}

static void prepare_depthwise(operation *op) {
    const int vectors = op->stride_out / LANES, row = op->out_width * op->kernel * op->kernel * LANES;
    op->by_channels = op->out_height * op->out_width <= FEW;
    const int whole = op->by_channels ? vectors : op->out_height;
    const int piece = op->by_channels ? row * op->out_height : row * vectors;
    op->chunk = at_most(whole, at_least(1, UNIT_WORK / 2 / piece));
    op->units = (whole + op->chunk - 1) / op->chunk;
}

/* --- the rest: next to nothing ---------------------------------------------------------------------------- */

/* A unit is a row of the input: two rows of the output. Pixels lie at halves, so that weights are 1/4 and 3/4. */
static void run_upsample(const operation *op, int unit) {
    const float *in = (const float *)op->in;
    const vector quarter = splat(0.25f), half = splat(0.75f);
    const limits is = limits_of(op);
    for (int below = 0; below < 2; below++) {
        const int y = 2 * unit + below, other = at_most(op->height - 1, at_least(0, unit + (below ? 1 : -1)));
        for (int x = 0; x < op->out_width; x++) {
            const int near = x / 2, far = at_most(op->width - 1, at_least(0, near + (x % 2 ? 1 : -1)));
            const float *a = in + ((long)unit * op->width + near) * op->stride_in;
            const float *b = in + ((long)unit * op->width + far) * op->stride_in;
            const float *c = in + ((long)other * op->width + near) * op->stride_in;
            const float *d = in + ((long)other * op->width + far) * op->stride_in;
            const long place = ((long)y * op->out_width + x) * op->stride_out;
            for (int channel = 0; channel < op->stride_out; channel += LANES) {
                const vector this_row = half * load(a + channel) + quarter * load(b + channel);
                const vector next_row = half * load(c + channel) + quarter * load(d + channel);
                finish(half * this_row + quarter * next_row, op->out, op->add, place + channel, is);
            }
        }
    }
}

static void run_sum(const operation *op, int unit) {
    const long row = (long)op->out_width * op->stride_out;
    const limits is = limits_of(op);
    for (long place = unit * row; place < (unit + 1) * row; place += LANES)
        finish(load((const float *)op->in + place), op->out, op->add, place, is);
}

static void run_maximum(const operation *op, int unit) {
    const float *in = (const float *)op->in;
    const limits is = limits_of(op);
    for (int x = 0; x < op->out_width; x++)
        for (int channel = 0; channel < op->stride_out; channel += LANES) {
            const float *a = in + ((long)2 * unit * op->width + 2 * x) * op->stride_in + channel;
            const float *c = a + (long)op->width * op->stride_in;
            const vector above = MAX(load(a), load(a + op->stride_in)), below = MAX(load(c), load(c + op->stride_in));
            finish(MAX(above, below), op->out, op->add, ((long)unit * op->out_width + x) * op->stride_out + channel, is);
        }
}

static void run_unfold(const operation *op, int y) {
    const int depth = op->depth / 4;
    for (int x = 0; x < op->out_width; x++) {
        const long from = ((long)(y / 2) * op->width + x / 2) * op->stride_in + (2 * (y % 2) + x % 2) * depth;
        float *to = op->out + ((long)y * op->out_width + x) * op->stride_out;
        memcpy(to, (const float *)op->in + from, depth * sizeof(float));
        memset(to + depth, 0, (op->stride_out - depth) * sizeof(float));
    }
}

static void run_widen(const operation *op, int y) {
    const float *in = row_in(op, y);
    float *out = row_out(op, y);
    for (int x = 0; x < op->out_width; x++, in += op->stride_in, out += op->stride_out) {
        memcpy(out, in, op->depth * sizeof(float));
        memset(out + op->depth, 0, (op->stride_out - op->depth) * sizeof(float));
    }
}

static void run_pack(const operation *op, int y) {
    for (long pixel = (long)y * op->width; pixel < (long)(y + 1) * op->width; pixel++)
        memcpy(op->out + pixel * op->depth, (const float *)op->in + pixel * op->stride_in, op->depth * sizeof(float));
}

/* ---------------------------------------------------------------------------------------------------------- */

static void prepare(operation *op) {
    switch (op->kind) {
        case POINTWISE: prepare_pointwise(op); break;
        case DEPTHWISE: prepare_depthwise(op); break;
        case UPSAMPLE:
        case PACK: op->units = op->height; break;
        default: op->units = op->out_height; break;
    }
}

static void run(const operation *op, int unit, float *own) {
    switch (op->kind) {
        case CROP: crop_row(op, unit); break;
        case PLAIN: plain_row(op, unit); break;
        case PIXELS: run_pixels(op, unit); break;
        case POINTWISE: run_pointwise(op, unit, own); break;
        case DEPTHWISE: run_depthwise(op, unit); break;
        case UPSAMPLE: run_upsample(op, unit); break;
        case SUM: run_sum(op, unit); break;
        case MAXIMUM: run_maximum(op, unit); break;
        case UNFOLD: run_unfold(op, unit); break;
        case WIDEN: run_widen(op, unit); break;
        default: run_pack(op, unit); break;
    }
}

static void rows(const operation *op, int first, int end) {
    switch (op->kind) {
        case CROP:
            for (int y = first; y < end; y++) crop_row(op, y);
            break;
        case PLAIN:
            for (int y = first; y < end; y++) plain_row(op, y);
            break;
        case PIXELS:
            for (int y = first; y < end; y++) run_pixels(op, y);
            break;
        case POINTWISE: pointwise_rows(op, first, end); break;
        default: depthwise_rows(op, first, end); break;
    }
}

const kernels KERNELS = {prepare, run, rows};

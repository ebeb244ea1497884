/* Matrix products of bfloat16 numbers with sums in float32, for processors of the x86-64 kind that have
 * instructions for them: AVX-512 BF16, or AMX, which multiplies tiles of 16 rows. */
#include "native.h"

#if defined(__x86_64__) && defined(__AVX512BF16__) && defined(__AMX_BF16__)

#include <cpuid.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Rows and columns that are computed together, and products that a tile sums up. */
enum { TILE = 32, HALF = 16, DEPTH = 32 };
enum { MOST_UNITS = 16 };
/* As in kernels.c. */
#define FEW 64

typedef struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} tile_configuration;

static int has_tiles(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    if (!(d & 1u << 22) || !(d & 1u << 24)) return 0; /* amx-bf16, amx-tile */
#ifdef __linux__
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA);
#else
    return 0;
#endif
}

/* Intel's processors take longer for a vector of these products than for two of float32. */
static int has_quick_vectors(void) {
    unsigned a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_AMD_ebx;
}

int bfloat16_kind(void) {
    static int kind = -1;
    if (kind < 0) {
        unsigned a, b, c, d;
        const int there = native_lanes() == 16 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 5);
        kind = !there                ? BFLOAT16_NONE
               : has_tiles()         ? BFLOAT16_TILES
               : has_quick_vectors() ? BFLOAT16_VECTORS
                                     : BFLOAT16_NONE;
    }
    return kind;
}

static int rounded_up(int x, int step) { return (x + step - 1) / step * step; }

void bfloat16_prepare(operation *op) {
    const int pixels = op->out_height * op->out_width, columns = rounded_up(op->stride_out, TILE) / TILE;
    op->by_channels = pixels <= FEW;
    if (op->by_channels) {
        op->chunk = (columns + MOST_UNITS - 1) / MOST_UNITS; /* of 32 channels */
        op->units = (columns + op->chunk - 1) / op->chunk;
    } else {
        op->chunk = TILE; /* pixels */
        op->units = (pixels + TILE - 1) / TILE;
    }
}

/* Rows of float32 become rows of bfloat16 whose ends are zero. */
static void shorten(const operation *op, long first, int count, uint16_t *to) {
    const int depth = op->depth, whole = op->depth_short;
    for (int row = 0; row < count; row++, to += whole) {
        const float *from = (const float *)op->in + (first + row) * op->stride_in;
        for (int k = 0; k < whole; k += 16) {
            const int left = depth - k;
            const __mmask16 there = left >= 16 ? 0xffff : left > 0 ? (1u << left) - 1 : 0;
            const __m512 values = _mm512_maskz_loadu_ps(there, from + k);
            _mm256_storeu_si256((__m256i *)(to + k), (__m256i)_mm512_cvtneps_pbh(values));
        }
    }
}

static void finish(const operation *op, __m512 x, long place) {
    if (op->clip_first) x = _mm512_min_ps(_mm512_max_ps(x, _mm512_setzero_ps()), _mm512_set1_ps(6));
    if (op->add) {
        x = _mm512_add_ps(x, _mm512_loadu_ps(op->add + place));
        if (op->clip_last) x = _mm512_min_ps(_mm512_max_ps(x, _mm512_setzero_ps()), _mm512_set1_ps(6));
    }
    _mm512_storeu_ps(op->out + place, x);
}

/* Up to 32 rows and 32 columns, of which `wide` tiles of 16 are there. */
static __attribute__((noinline)) void tiles(const operation *op, const uint16_t *rows, int wide, int count, long pixel, int channel) {
    float sums[TILE][TILE] __attribute__((aligned(64)));
    const int whole = op->depth_short, steps = whole / DEPTH;
    const uint16_t *weights = (const uint16_t *)op->weights + (long)channel * whole;
    const long stride = whole * sizeof(uint16_t);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int k = 0; k < steps; k++) {
        _tile_loadd(4, rows + k * DEPTH, stride);
        _tile_loadd(5, rows + (long)HALF * whole + k * DEPTH, stride);
        _tile_loadd(6, weights + k * HALF * DEPTH, 64);
        /* Where there is no second half of the channels the first one is computed twice, and left out below. */
        _tile_loadd(7, weights + (wide > 1 ? (long)HALF * whole : 0) + k * HALF * DEPTH, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums[0], sizeof sums[0]);
    _tile_stored(1, sums[0] + HALF, sizeof sums[0]);
    _tile_stored(2, sums[HALF], sizeof sums[0]);
    _tile_stored(3, sums[HALF] + HALF, sizeof sums[0]);
    for (int v = 0; v < wide; v++) {
        const __m512 bias = _mm512_loadu_ps(op->bias + channel + v * HALF);
        for (int row = 0; row < count; row++)
            finish(op, _mm512_add_ps(_mm512_load_ps(sums[row] + v * HALF), bias),
                   (pixel + row) * op->stride_out + channel + v * HALF);
    }
}

/* The same with vectors, eight rows at a time; `wide` is a constant. */
INLINE void vectors(const operation *op, const uint16_t *rows, int wide, int count, long pixel, int channel) {
    const int whole = op->depth_short;
    const uint16_t *weights = (const uint16_t *)op->weights + (long)channel * whole;
    for (int first = 0; first < count; first += 8) {
        __m512 sums[8][2];
        UNROLLED for (int row = 0; row < 8; row++)
            UNROLLED for (int v = 0; v < wide; v++) sums[row][v] = _mm512_loadu_ps(op->bias + channel + v * HALF);
        for (int k = 0; k < whole; k += 2) {
            __m512bh columns[2];
            UNROLLED for (int v = 0; v < wide; v++)
                columns[v] = (__m512bh)_mm512_loadu_si512(weights + (long)v * HALF * whole + k * HALF);
            UNROLLED for (int row = 0; row < 8; row++) {
                int pair;
                memcpy(&pair, rows + (long)(first + row) * whole + k, sizeof pair);
                const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
                UNROLLED for (int v = 0; v < wide; v++) sums[row][v] = _mm512_dpbf16_ps(sums[row][v], x, columns[v]);
            }
        }
        UNROLLED for (int row = 0; row < 8; row++)
            UNROLLED for (int v = 0; v < wide; v++)
                if (first + row < count)
                    finish(op, sums[row][v], (pixel + first + row) * op->stride_out + channel + v * HALF);
    }
}

void bfloat16_run(const operation *op, int unit, float *own) {
    const int pixels = op->out_height * op->out_width, kind = bfloat16_kind();
    const int first = op->by_channels ? 0 : unit * op->chunk;
    const int end = op->by_channels || first + op->chunk > pixels ? pixels : first + op->chunk;
    const int channel = op->by_channels ? unit * op->chunk * TILE : 0;
    const int last = op->by_channels && channel + op->chunk * TILE < op->stride_out ? channel + op->chunk * TILE
                                                                                     : op->stride_out;
    const uint16_t *rows = (const uint16_t *)op->in + (long)first * op->depth_short;
    if (!op->short_in) {
        shorten(op, first, end - first, (uint16_t *)own);
        rows = (const uint16_t *)own;
    }
    if (kind == BFLOAT16_TILES) {
        tile_configuration all = {.palette = 1};
        for (int i = 0; i < 8; i++) all.bytes[i] = 64, all.rows[i] = 16;
        _tile_loadconfig(&all);
    }
    for (int c = channel; c < last; c += TILE)
        for (int pixel = first; pixel < end; pixel += TILE) {
            const uint16_t *from = rows + (long)(pixel - first) * op->depth_short;
            const int wide = last - c > HALF ? 2 : 1, count = end - pixel < TILE ? end - pixel : TILE;
            if (kind == BFLOAT16_TILES)
                tiles(op, from, wide, count, pixel, c);
            else if (wide > 1)
                vectors(op, from, 2, count, pixel, c);
            else
                vectors(op, from, 1, count, pixel, c);
        }
    if (kind == BFLOAT16_TILES) _tile_release();
}

#else

int bfloat16_kind(void) { return BFLOAT16_NONE; }
void bfloat16_prepare(operation *op) { (void)op; }
void bfloat16_run(const operation *op, int unit, float *own) { (void)op, (void)unit, (void)own; }

#endif

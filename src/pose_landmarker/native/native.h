/* What the planner in Python and the kernels in C agree on. All tensors are float32, (height, width, channels),
 * their channels padded with zeros to whole vectors; so are weights and biases. */
#ifndef POSE_LANDMARKER_NATIVE_H
#define POSE_LANDMARKER_NATIVE_H

#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#define INLINE static inline __attribute__((always_inline))
/* Before a loop whose count is a constant: its sums have to be in registers. */
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

/* Keep in step with _OPERATION in library.py. */
typedef struct {
    int32_t kind;           /* one of enum kind */
    int32_t lanes;          /* floats of a vector: its strides are multiples of it */
    int32_t units;          /* independent pieces of work; 0: filled in by native_prepare() */
    int32_t height, width;  /* of the input */
    int32_t stride_in;      /* floats from one pixel of the input to the next */
    int32_t depth;          /* channels of the input that count */
    int32_t out_height, out_width;
    int32_t stride_out;     /* floats from one pixel of the output to the next */
    int32_t kernel, step;   /* side of the kernel and its step, pixels */
    int32_t top, left;      /* zeros around the input */
    int32_t clip_first;     /* ReLU6 before adding */
    int32_t clip_last;      /* ReLU6 at the end */
    int32_t chunk;          /* pixels, rows or vectors of channels of a unit; filled in by native_prepare() */
    int32_t by_channels;    /* whether units are channels, not pixels; filled in by native_prepare() */
    int32_t half;           /* whether weights are float16, to be unpacked a block at a time: they come from afar */
    int32_t brief;          /* whether a matrix product is of bfloat16 numbers */
    int32_t short_in, short_out;  /* whether input and output are bfloat16, in rows of `depth_short` numbers */
    int32_t depth_short;    /* channels, with zeros up to a multiple of 32 */
    int32_t together;       /* so many operations, this one being the first, are computed row by row; else 1 */
    int32_t rows_in, rows_out;  /* rows that the memory of input and output holds: row y is at y % rows */
    int32_t ring;           /* floats from the start of a thread's own memory to the output; -1: not there */
    int32_t replicate;      /* whether the border of the picture goes on, else there is black */
    float scale, offset;    /* of pixels: pixel * scale + offset */
    double matrix[9];       /* from pixels of the crop to those of the picture */
    const void *in;
    const float *add;       /* what is added to the output, laid out like it; or NULL */
    const void *weights;    /* float32, or float16 */
    const float *bias;
    float *out;
} operation;

/* Zeros on either side of a row of a plane. */
enum { PLANE_EDGE = 16 };

enum kind {
    PIXELS = 0,     /* a convolution of three planes, kernel 3, step 2 */
    POINTWISE = 1,  /* a matrix product: one pixel after the other */
    DEPTHWISE = 2,  /* every channel by itself, kernel 3 or 5, step 1 or 2 */
    UPSAMPLE = 3,   /* bilinear, by two */
    SUM = 4,
    MAXIMUM = 5,    /* of 2x2 pixels */
    UNFOLD = 6,     /* depth to space, by two */
    PACK = 7,       /* channels without their padding */
    WIDEN = 8,      /* channels, and more that are zero */
    CROP = 9,       /* a turned square of a picture, as three planes of floats */
    PLAIN = 10,     /* the same of a picture that is as large */
};

/* The kernels for one kind of processor. */
typedef struct {
    void (*prepare)(operation *op);
    void (*run)(const operation *op, int unit, float *own);  /* `own`: memory of the thread */
    void (*rows)(const operation *op, int first, int end);  /* these rows of the output */
} kernels;

enum { BFLOAT16_NONE = 0, BFLOAT16_VECTORS = 1, BFLOAT16_TILES = 2 };

int native_lanes(void);
int bfloat16_kind(void);
void bfloat16_prepare(operation *op);
void bfloat16_run(const operation *op, int unit, float *own);

extern const kernels kernels_basic, kernels_avx2, kernels_avx512;

#endif

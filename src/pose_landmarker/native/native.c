/* Runs the operations of a network one after the other, each spread over several threads. */
#include "native.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* Parts for each thread of what is computed row by row: at their edges some rows are computed twice. */
enum { PARTS = 1 };
/* Waiting for a helper takes some microseconds, unless somebody else has its processor: then it takes a slice of the
 * scheduler's time, and doing everything alone is quicker. Runs that are done alone then, at first and at most. */
static const double STALL_S = 1e-3;
enum { ALONE_FIRST = 1, ALONE_MOST = 128 };

/* Counters that different threads count with lie in different lines of the cache. */
typedef struct {
    atomic_int value;
    char apart[60];
} counter;

struct network;

typedef struct {
    struct network *net;
    int hand;  /* from 1; whoever calls is 0 */
    pthread_t thread;
} helper;

typedef struct network {
    int count;
    const operation *operations;
    counter *done;  /* units of each operation that are done */
    counter *next;  /* for each operation the next unit of each thread's share */
    int hands;
    float *own;     /* memory of each thread */
    long own_size;  /* floats of each */
    helper *helpers;
    int count_helpers;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    atomic_int open;    /* whether helpers may come in */
    atomic_int inside;  /* helpers who are in */
    int alone;          /* so many of the next runs are done without helpers ... */
    int patience;       /* ... and so many if a helper keeps us waiting once more */
    int stalled;        /* whether one did in this run */
    unsigned turn;      /* guarded by the mutex, like the next */
    int ended;
} network;

static inline void pause_a_moment(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Floats in a vector of the best kernels for this processor. */
EXPORT int native_lanes(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 16;
    unsigned a, b, c = 0, d;
    const int has_f16c = __get_cpuid(1, &a, &b, &c, &d) && c & 1u << 29; /* not every compiler knows its name */
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c) return 8;
#endif
    return 4;
}

/* The kernels with vectors of so many floats. */
static const kernels *kernels_for(const operation *op) {
#if defined(__x86_64__)
    if (op->lanes == 16) return &kernels_avx512;
    if (op->lanes == 8) return &kernels_avx2;
#endif
    return &kernels_basic;
}

/* --- several operations row by row ------------------------------------------------------------------------ */

enum { MOST_TOGETHER = 8 };

typedef struct {
    operation operations[MOST_TOGETHER];
    int done[MOST_TOGETHER];  /* rows of each operation's output that are there */
} cascade;

/* Compute the output of operation i up to a row, one row after the other, and each time what that needs. */
static void advance(cascade *all, int i, int end) {
    const operation *op = &all->operations[i];
    for (; all->done[i] < end; all->done[i]++) {
        const int y = all->done[i];
        if (i > 0) {
            const int needed = op->kernel > 1 ? y * op->step - op->top + op->kernel : y + 1;
            advance(all, i - 1, needed < op->height ? needed : op->height);
        }
        kernels_for(op)->rows(op, y, y + 1);
    }
}

/* One of several equal parts of the last operation's output. What is between the operations stays in this
 * thread's own memory, which is small enough to stay in its cache. */
static void run_together(const operation *first, int part, int parts, float *own) {
    cascade all;
    const int last = first->together - 1;
    for (int i = 0; i <= last; i++) {
        operation *op = &all.operations[i];
        *op = first[i];
        if (op->ring >= 0) op->out = own + op->ring;
        if (i > 0 && first[i - 1].ring >= 0) op->in = own + first[i - 1].ring;
    }
    const int height = first[last].out_height;
    const int begin = (int)((long)height * part / parts), end = (int)((long)height * (part + 1) / parts);
    all.done[last] = begin;
    for (int i = last; i > 0; i--) {
        const operation *op = &all.operations[i];
        const int above = op->kernel > 1 ? all.done[i] * op->step - op->top : all.done[i];
        all.done[i - 1] = above > 0 ? above : 0;
    }
    advance(&all, last, end);
}

/* ---------------------------------------------------------------------------------------------------------- */

/* Units of an operation: first a thread's own share, then what is left of the others'. Shares are the same
 * parts of all maps, so most of what a thread reads is what it wrote. */
static int do_units(network *net, int hand, const operation *op, counter *next) {
    const int units = op->units, hands = net->hands;
    void (*const run)(const operation *, int, float *) = op->brief ? bfloat16_run : kernels_for(op)->run;
    float *own = net->own + hand * net->own_size;
    int count = 0;
    for (int i = 0; i < hands; i++) {
        const int of = (hand + i) % hands;
        const int end = (int)((long)units * (of + 1) / hands), start = (int)((long)units * of / hands);
        for (;;) {
            if (start + atomic_load_explicit(&next[of].value, memory_order_relaxed) >= end) break;
            const int unit = start + atomic_fetch_add_explicit(&next[of].value, 1, memory_order_relaxed);
            if (unit >= end) break;
            if (op->together > 1)
                run_together(op, unit, units, own);
            else
                run(op, unit, own);
            count++;
        }
    }
    return count;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Wait until all units are done; whoever called notes whether that took too long. */
static void wait_for(network *net, int hand, atomic_int *done, int units) {
    double since = 0;
    for (unsigned turns = 1; atomic_load_explicit(done, memory_order_acquire) < units; turns++) {
        pause_a_moment();
        if (hand || net->stalled || turns % 64) continue;
        const double now = seconds();
        since = since ? since : now;
        net->stalled = now - since > STALL_S;
    }
}

/* Take part, operation after operation. */
static void work(network *net, int hand) {
    const operation *op;
    for (int i = 0; i < net->count; i += op->together) {
        op = &net->operations[i];
        const int count = do_units(net, hand, op, &net->next[i * net->hands]);
        if (net->hands == 1) continue;
        atomic_int *done = &net->done[i].value;
        if (count) atomic_fetch_add_explicit(done, count, memory_order_acq_rel);
        wait_for(net, hand, done, op->units);
    }
}

static void *help(void *argument) {
    helper *self = argument;
    network *net = self->net;
    unsigned turn = 0;
    for (;;) {
        pthread_mutex_lock(&net->mutex);
        while (net->turn == turn && !net->ended) pthread_cond_wait(&net->wake, &net->mutex);
        turn = net->turn;
        const int ended = net->ended;
        pthread_mutex_unlock(&net->mutex);
        if (ended) return NULL;
        atomic_fetch_add(&net->inside, 1);
        if (atomic_load(&net->open)) work(net, self->hand);
        atomic_fetch_sub(&net->inside, 1);
    }
}

/* Some channels of weights (out, in), in the order in which a matrix product reads them: all of these channels for
 * one input after the other, zeros for channels beyond `count`. Elements have `size` bytes, 2 or 4. */
EXPORT void native_pack(const void *weights, int count, int depth, int first, int width, int size, void *out) {
    for (int start = 0; start < depth; start += 16)  /* 16: whole lines of the cache */
        for (int c = 0; c < width; c++) {
            const long from = (long)(first + c) * depth;
            const int there = first + c < count, end = start + 16 < depth ? start + 16 : depth;
            for (int k = start; k < end; k++) {
                const long to = (long)k * width + c;
                if (size == 2)
                    ((uint16_t *)out)[to] = there ? ((const uint16_t *)weights)[from + k] : 0;
                else
                    ((uint32_t *)out)[to] = there ? ((const uint32_t *)weights)[from + k] : 0;
            }
        }
}

/* Whether products of bfloat16 numbers are quick here. */
EXPORT int native_has_bfloat16(void) { return bfloat16_kind() != BFLOAT16_NONE; }

/* Whether weights may be float16. */
EXPORT int native_has_half(void) {
#if defined(__aarch64__)
    return 1;
#else
    return native_lanes() > 4;
#endif
}

/* Fill in how operations are cut into units. */
EXPORT void native_prepare(operation *operations, int count) {
    for (int i = 0; i < count; i++)
        (operations[i].brief ? bfloat16_prepare : kernels_for(&operations[i])->prepare)(&operations[i]);
}

EXPORT void native_close(network *net) {
    pthread_mutex_lock(&net->mutex);
    net->ended = 1;
    pthread_cond_broadcast(&net->wake);
    pthread_mutex_unlock(&net->mutex);
    for (int i = 0; i < net->count_helpers; i++) pthread_join(net->helpers[i].thread, NULL);
    pthread_cond_destroy(&net->wake);
    pthread_mutex_destroy(&net->mutex);
    free(net->helpers);
    free(net->done);
    free(net->next);
    free(net->own);
    free(net);
}

/* A network of prepared operations, which have to outlive it; NULL where there is no memory. Each of the threads
 * has `own_size` floats of its own, a multiple of 16. */
EXPORT network *native_open(operation *operations, int count, int threads, long own_size) {
    network *net = calloc(1, sizeof *net);
    if (!net) return NULL;
    if (threads < 1) threads = 1;
    net->operations = operations;
    net->count = count;
    net->own_size = own_size;
    net->done = calloc(count, sizeof *net->done);
    net->next = calloc((long)count * threads, sizeof *net->next);
    net->helpers = calloc(threads, sizeof *net->helpers);
    pthread_mutex_init(&net->mutex, NULL);
    pthread_cond_init(&net->wake, NULL);
    if (posix_memalign((void **)&net->own, 64, (threads * own_size + 16) * sizeof(float))) net->own = NULL;
    if (!net->done || !net->next || !net->helpers || !net->own) {
        native_close(net);
        return NULL;
    }
    while (net->count_helpers < threads - 1) {
        helper *helper = &net->helpers[net->count_helpers];
        helper->net = net;
        helper->hand = net->count_helpers + 1;
        if (pthread_create(&helper->thread, NULL, help, helper)) break;  /* fewer hands do it too */
        net->count_helpers++;
    }
    const int hands = net->hands = net->count_helpers + 1;
    for (int i = 0; i < count; i++)
        if (operations[i].together > 1) operations[i].units = hands == 1 ? 1 : PARTS * hands;
    return net;
}

/* Run all operations once. Calls of one network must take turns. */
EXPORT void native_run(network *net) {
    for (int i = 0; i < net->count; i++) atomic_store_explicit(&net->done[i].value, 0, memory_order_relaxed);
    for (int i = 0; i < net->count * net->hands; i++)
        atomic_store_explicit(&net->next[i].value, 0, memory_order_relaxed);
    net->stalled = 0;
    const int helped = net->count_helpers && !net->alone;
    if (net->alone) net->alone--;
    if (helped) {
        atomic_store(&net->open, 1);
        pthread_mutex_lock(&net->mutex);
        net->turn++;
        pthread_cond_broadcast(&net->wake);
        pthread_mutex_unlock(&net->mutex);
    }
    work(net, 0);
    atomic_store(&net->open, 0);
    while (atomic_load(&net->inside)) pause_a_moment();
    if (net->stalled) {
        net->alone = net->patience = net->patience < ALONE_FIRST      ? ALONE_FIRST
                                     : 2 * net->patience < ALONE_MOST ? 2 * net->patience
                                                                      : ALONE_MOST;
    } else if (helped) {
        net->patience = 0;
    }
}

/*===- Pool.c - a small thread pool of fork and join ---------------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* One word says everything to the workers: its upper half counts the jobs,   *|
|* its lower half holds a closed bit and the number of workers that joined    *|
|* the job. A worker joins an open job by compare-and-swap, so that one that  *|
|* wakes late finds the job closed and nobody waits for it.                   *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

/* About 50 us of spinning: longer than the gap between two kernels of a run,
   shorter than what a sleeping core would save. */
enum { SPIN_LIMIT = 4096 };

#define CLOSED ((uint64_t)1 << 31)
#define JOINED(word) ((uint32_t)(word) & 0x7fffffffu)
#define JOB(word) ((word) >> 32)

/* Each thread's share of the iterations, taken from the front in chunks, also
   by those that are done with theirs. A line of its own. */
typedef struct {
  _Atomic int64_t next;
  int64_t end;
  char padding[64 - 2 * sizeof(int64_t)];
} squint_range;

typedef struct {
  squint_pool *pool;
  int32_t index;
  pthread_t thread;
} squint_worker;

struct squint_pool {
  squint_allocator allocator;
  size_t size;
  int32_t threads;
  int32_t started;

  _Atomic uint64_t word;
  _Atomic uint32_t left; /* workers that joined this job and are done */
  _Atomic int32_t sleepers;
  _Atomic bool stop;
  pthread_mutex_t mutex;
  pthread_cond_t wake;

  /* The job, written while no worker is in one. */
  squint_body body;
  void *args;
  int64_t n, grain, chunk; /* chunk: in grains */
  _Atomic int64_t error_index;
  pthread_mutex_t error_mutex;
  int32_t error;

  squint_range *ranges;
  squint_worker *workers;
};

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

static void fail(squint_pool *pool, int64_t index, int32_t error) {
  pthread_mutex_lock(&pool->error_mutex);
  if (index < atomic_load_explicit(&pool->error_index, memory_order_relaxed)) {
    atomic_store_explicit(&pool->error_index, index, memory_order_relaxed);
    pool->error = error;
  }
  pthread_mutex_unlock(&pool->error_mutex);
}

static void work(squint_pool *pool, int32_t self) {
  for (int32_t i = 0; i < pool->threads; ++i) {
    squint_range *range = &pool->ranges[(self + i) % pool->threads];
    for (;;) {
      int64_t first = atomic_fetch_add_explicit(&range->next, pool->chunk,
                                                memory_order_relaxed);
      if (first >= range->end)
        break;
      int64_t last = first + pool->chunk;
      if (last > range->end)
        last = range->end;
      int64_t begin = first * pool->grain, end = last * pool->grain;
      if (end > pool->n)
        end = pool->n;
      /* What comes after the first error changes nothing any more. */
      if (begin >
          atomic_load_explicit(&pool->error_index, memory_order_relaxed))
        continue;
      int32_t error = pool->body(pool->args, begin, end, self);
      if (error)
        fail(pool, begin, error);
    }
  }
}

/* Waits for a job after `seen`; false when the pool stops. */
static bool await(squint_pool *pool, uint64_t seen) {
  for (int i = 0; i < SPIN_LIMIT; ++i) {
    if (atomic_load_explicit(&pool->stop, memory_order_relaxed))
      return false;
    if (JOB(atomic_load_explicit(&pool->word, memory_order_relaxed)) != seen)
      return true;
    relax();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (!atomic_load(&pool->stop) && JOB(atomic_load(&pool->word)) == seen)
    pthread_cond_wait(&pool->wake, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
  return !atomic_load(&pool->stop);
}

static bool join(squint_pool *pool, uint64_t *seen) {
  uint64_t word = atomic_load_explicit(&pool->word, memory_order_relaxed);
  do {
    *seen = JOB(word);
    if (word & CLOSED)
      return false;
  } while (!atomic_compare_exchange_weak_explicit(&pool->word, &word, word + 1,
                                                  memory_order_acquire,
                                                  memory_order_relaxed));
  return true;
}

static void *worker_main(void *argument) {
  squint_worker *worker = argument;
  squint_pool *pool = worker->pool;
  uint64_t seen = 0;
  while (await(pool, seen)) {
    if (!join(pool, &seen))
      continue;
    work(pool, worker->index);
    atomic_fetch_add_explicit(&pool->left, 1, memory_order_release);
  }
  return NULL;
}

int32_t squint_pool_run(squint_pool *pool, squint_body body, void *args,
                        int64_t n, int64_t grain) {
  int64_t grains = (n - 1) / grain + 1, threads = pool->threads;
  pool->body = body;
  pool->args = args;
  pool->n = n;
  pool->grain = grain;
  pool->error = 0;
  /* Four chunks a thread: enough to balance, few enough to stream. */
  pool->chunk = (grains / threads + 3) / 4;
  if (pool->chunk < 1)
    pool->chunk = 1;
  atomic_store_explicit(&pool->error_index, INT64_MAX, memory_order_relaxed);
  atomic_store_explicit(&pool->left, 0, memory_order_relaxed);
  int64_t share = grains / threads, rest = grains % threads, start = 0;
  for (int64_t i = 0; i < threads; ++i) {
    squint_range *range = &pool->ranges[i];
    atomic_store_explicit(&range->next, start, memory_order_relaxed);
    start += share + (i < rest);
    range->end = start;
  }

  uint64_t job = JOB(atomic_load_explicit(&pool->word, memory_order_relaxed));
  atomic_store(&pool->word, ((job + 1) & 0xffffffffu) << 32);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
  }
  work(pool, 0);

  uint32_t joined = JOINED(
      atomic_fetch_or_explicit(&pool->word, CLOSED, memory_order_relaxed));
  for (int i = 0;
       atomic_load_explicit(&pool->left, memory_order_acquire) != joined; ++i) {
    if (i < SPIN_LIMIT)
      relax();
    else
      sched_yield();
  }
  return pool->error;
}

int32_t squint_pool_create(const squint_allocator *allocator, int32_t threads,
                           squint_pool **result) {
  size_t size =
      (sizeof(squint_pool) + 63) / 64 * 64 +
      (size_t)threads * (sizeof(squint_range) + sizeof(squint_worker));
  squint_pool *pool = squint_memory_get(allocator, size, 64);
  if (!pool)
    return SQUINT_OUT_OF_MEMORY;
  memset(pool, 0, size);
  pool->allocator = *allocator;
  pool->size = size;
  pool->threads = threads;
  pool->ranges =
      (squint_range *)((char *)pool + (sizeof(squint_pool) + 63) / 64 * 64);
  pool->workers = (squint_worker *)(pool->ranges + threads);
  atomic_init(&pool->word, CLOSED);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_mutex_init(&pool->error_mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);

  /* The program's signals are for its own threads. */
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  for (int32_t i = 1; i < threads; ++i) {
    squint_worker *worker = &pool->workers[i];
    worker->pool = pool;
    worker->index = i;
    if (pthread_create(&worker->thread, NULL, worker_main, worker))
      break;
    pool->started = i;
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (pool->started != threads - 1) {
    squint_pool_destroy(pool);
    return SQUINT_OUT_OF_MEMORY;
  }
  *result = pool;
  return SQUINT_OK;
}

void squint_pool_destroy(squint_pool *pool) {
  if (!pool)
    return;
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->stop, true);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (int32_t i = 1; i <= pool->started; ++i)
    pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->error_mutex);
  pthread_mutex_destroy(&pool->mutex);
  squint_allocator allocator = pool->allocator;
  squint_memory_free(&allocator, pool, pool->size);
}

int32_t squint_available_threads(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set))
    return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

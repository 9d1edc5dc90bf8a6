/*
 * shm_guard.h - the lock of a partition, which survives its holder, and reading without it.
 *
 * Owns:  the use of sso_shm_guard_t: mutex, busy, seq.
 * Layer: store (base, POSIX threads).
 *
 * docs/STORE.md sections 2 and 3 are the argument for the order of things here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_GUARD_H
#define SSO_STORE_SHM_GUARD_H

#include "store/shm_layout.h"

#define SSO_SHM_TRIES 64 /* of a reader before it takes the lock */

#if defined(SSO_STORE_CRASH)
/* Test build: the place where a process may be made to die. */
void sso_store_crash_point(int point);
#define SSO_CRASH_POINT(n) sso_store_crash_point(n)
#else
#define SSO_CRASH_POINT(n) ((void)0)
#endif

/* Prepare a guard in zeroed memory. SSO_F_INTERNAL: the system refuses robust shared mutexes. */
apr_status_t sso_shm_guard_make(sso_ctx_t *cx, sso_shm_guard_t *guard);

/**
 * Take the lock, wherever its last holder may be.
 *
 * @param torn a holder died while it changed something: repair before all else.
 * @return     APR_SUCCESS or SSO_F_INTERNAL (the lock is not held then).
 */
apr_status_t sso_shm_guard_lock(sso_ctx_t *cx, sso_shm_guard_t *guard, int *torn);

/* Take the lock if it is free and nothing needs repair; 0 if not. For one store that cannot be
 * half done, followed by sso_shm_guard_leave(). */
int sso_shm_guard_try(sso_shm_guard_t *guard);
void sso_shm_guard_leave(sso_shm_guard_t *guard);

/* The holder begins to change things; sso_shm_guard_unlock() ends it and gives the lock back. */
void sso_shm_guard_change(sso_shm_guard_t *guard);
void sso_shm_guard_unlock(sso_shm_guard_t *guard);

/* Open the window in which readers would see something half done; close it. */
static inline void sso_shm_guard_open(sso_shm_guard_t *guard)
{
    sso_a32_set(&guard->seq, sso_a32_get(&guard->seq) | 1);
    atomic_thread_fence(memory_order_release);
}

static inline void sso_shm_guard_close(sso_shm_guard_t *guard)
{
    atomic_store_explicit(&guard->seq, (sso_a32_get(&guard->seq) | 1) + 1, memory_order_release);
}

/* Begin to read; 0: a window is open. */
static inline int sso_shm_guard_read(sso_shm_guard_t *guard, uint32_t *seq)
{
    *seq = atomic_load_explicit(&guard->seq, memory_order_acquire);
    return (*seq & 1) == 0;
}

/* Was all that has been read since then there at one time? */
static inline int sso_shm_guard_same(sso_shm_guard_t *guard, uint32_t seq)
{
    atomic_thread_fence(memory_order_acquire);
    return sso_a32_get(&guard->seq) == seq;
}

/* Tell the processor that we wait for another one. */
static inline void sso_shm_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ __volatile__("yield" ::: "memory");
#elif defined(__powerpc__)
    __asm__ __volatile__("or 27,27,27" ::: "memory");
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

#endif /* SSO_STORE_SHM_GUARD_H */

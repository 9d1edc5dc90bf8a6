/*
 * shm_words.h - words that processes share, and hashes.
 *
 * Owns:  sso_a32_t, sso_aword_t and copying them.
 * Layer: store (base).
 *
 * Every word that two processes share is a C11 atomic, read and written relaxed unless said. Wider
 * ones than a pointer are not lock-free everywhere, so longer things are copied word by word and
 * their readers make sure by other means that they saw all of one writing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHM_WORDS_H
#define SSO_STORE_SHM_WORDS_H

#include "store/store.h"

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint32_t sso_a32_t;    /* control: numbers, links, seconds */
typedef _Atomic uintptr_t sso_aword_t; /* data, and counters that may wrap on 32 bits */

#define SSO_SHM_WORDS(bytes) ((bytes) / sizeof(uintptr_t))

/* ---- words ---- */

static inline uint32_t sso_a32_get(sso_a32_t *a)
{
    return atomic_load_explicit(a, memory_order_relaxed);
}

static inline void sso_a32_set(sso_a32_t *a, uint32_t v)
{
    atomic_store_explicit(a, v, memory_order_relaxed);
}

/* For words that are only written under a lock: no need for a locked instruction. */
static inline void sso_a32_add(sso_a32_t *a, uint32_t n)
{
    sso_a32_set(a, sso_a32_get(a) + n);
}

static inline uintptr_t sso_aword_get(sso_aword_t *a)
{
    return atomic_load_explicit(a, memory_order_relaxed);
}

static inline void sso_aword_add(sso_aword_t *a, uintptr_t n)
{
    atomic_store_explicit(a, sso_aword_get(a) + n, memory_order_relaxed);
}

/* Copy n bytes out of or into shared words; n need not fill the last word. */
static inline void sso_awords_get(sso_aword_t *from, void *to, apr_size_t n)
{
    unsigned char *out = to;
    uintptr_t v;

    for (; n >= sizeof(v); n -= sizeof(v), out += sizeof(v)) {
        v = sso_aword_get(from++);
        memcpy(out, &v, sizeof(v));
    }
    if (n > 0) {
        v = sso_aword_get(from);
        memcpy(out, &v, n);
    }
}

static inline void sso_awords_set(sso_aword_t *to, const void *from, apr_size_t n)
{
    const unsigned char *in = from;
    uintptr_t v;

    for (; n >= sizeof(v); n -= sizeof(v), in += sizeof(v)) {
        memcpy(&v, in, sizeof(v));
        atomic_store_explicit(to++, v, memory_order_relaxed);
    }
    if (n > 0) {
        v = 0;
        memcpy(&v, in, n);
        atomic_store_explicit(to, v, memory_order_relaxed);
    }
}

static inline sso_store_key_t sso_shm_key_get(sso_aword_t *from)
{
    sso_store_key_t key;

    sso_awords_get(from, &key, sizeof(key));
    return key;
}

static inline int sso_shm_key_is(sso_aword_t *at, const sso_store_key_t *key)
{
    sso_store_key_t there = sso_shm_key_get(at);

    return memcmp(&there, key, sizeof(there)) == 0;
}

static inline apr_time_t sso_shm_time_get(sso_aword_t *from)
{
    apr_time_t t;

    sso_awords_get(from, &t, sizeof(t));
    return t;
}

static inline void sso_shm_time_set(sso_aword_t *to, apr_time_t t)
{
    sso_awords_set(to, &t, sizeof(t));
}

/* ---- hashes ---- */

/* Fold 64 bits into a hash; every bit of either changes about half of the result. */
static inline uint64_t sso_shm_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ (h >> 32);
}

/* Keys are halves of SHA-256 already; the seed keeps others from choosing a chain. */
static inline uint64_t sso_shm_hash(const uint64_t seed[2], const sso_store_key_t *key)
{
    uint64_t half[2];

    memcpy(half, key, sizeof(half));
    return sso_shm_mix(sso_shm_mix(seed[0], half[0]) ^ seed[1], half[1]);
}

/* One of n, evenly, from the low half of a hash; its top bits choose the partition. */
static inline uint32_t sso_shm_pick(uint64_t hash, uint32_t n)
{
    return (uint32_t)(((hash & 0xffffffffu) * n) >> 32);
}

#endif /* SSO_STORE_SHM_WORDS_H */

/*
 * replay.c - runs a fuzz target without libFuzzer: every file of its corpus, and mutations of each.
 *
 * The mutations are the same at every run, so that a failure can be repeated. FUZZ_ROUNDS in the
 * environment sets how many there are for each file; files named as arguments are run instead, as
 * they are. An input that makes the target abort is left in ./fuzz-crash.bin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (256 * 1024)
#define ROUNDS    500
#define FILES_MAX 1000

static uint8_t input[INPUT_MAX];
static uint8_t mutant[INPUT_MAX];
static size_t mutant_n;

/* xorshift64: the same sequence everywhere. */
static uint64_t next_random(void)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static size_t below(size_t n)
{
    return n ? (size_t)(next_random() % n) : 0;
}

static size_t read_input(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f) {
        perror(path);
        exit(1);
    }
    n = fread(input, 1, sizeof(input), f);
    fclose(f);
    return n;
}

static void keep_mutant(int sig)
{
    FILE *f = fopen("fuzz-crash.bin", "wb");

    if (f) {
        (void)fwrite(mutant, 1, mutant_n, f);
        fclose(f);
    }
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

static void run(const uint8_t *data, size_t n)
{
    memmove(mutant, data, n);
    mutant_n = n;
    (void)LLVMFuzzerTestOneInput(mutant, mutant_n);
}

/* ---- mutations ---- */

static void flip_bit(void)
{
    if (mutant_n) mutant[below(mutant_n)] ^= (uint8_t)(1u << below(8));
}

static void set_byte(void)
{
    static const char telling[] = "\0\t\n\r \"%&'+,-/09:;<=>?@AZ[\\]_az{}\x7f\x80\xc2\xe2\xff";

    if (mutant_n) mutant[below(mutant_n)] = (uint8_t)telling[below(sizeof(telling) - 1)];
}

static void cut_out(void)
{
    size_t at = below(mutant_n);
    size_t n = below(mutant_n - at + 1);

    if (n > 32) n = below(32);
    memmove(mutant + at, mutant + at + n, mutant_n - at - n);
    mutant_n -= n;
}

static void repeat(void)
{
    size_t at = below(mutant_n);
    size_t n = below(mutant_n - at + 1);

    if (n > 256) n = below(256);
    if (mutant_n + n > INPUT_MAX) return;
    memmove(mutant + at + n, mutant + at, mutant_n - at);
    mutant_n += n;
}

static void copy_over(void)
{
    size_t from = below(mutant_n);
    size_t to = below(mutant_n);
    size_t n = below(32);

    if (n > mutant_n - from) n = mutant_n - from;
    if (n > mutant_n - to) n = mutant_n - to;
    memmove(mutant + to, mutant + from, n);
}

static void mutate(size_t n)
{
    static void (*const how[])(void) = {flip_bit, set_byte, cut_out, repeat, copy_over};
    size_t times = 1 + below(4);

    memcpy(mutant, input, n);
    mutant_n = n;
    while (times-- > 0)
        how[below(sizeof(how) / sizeof(how[0]))]();
    (void)LLVMFuzzerTestOneInput(mutant, mutant_n);
}

/* ---- the corpus ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, for the order of a directory differs between machines. */
static int list_corpus(char *name[FILES_MAX])
{
    DIR *dir = opendir(FUZZ_CORPUS);
    struct dirent *entry;
    int n = 0;

    while (dir && n < FILES_MAX && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') name[n++] = strdup(entry->d_name);
    }
    if (dir) closedir(dir);
    qsort(name, (size_t)n, sizeof(name[0]), by_name);
    return n;
}

static void run_file(const char *name, long rounds)
{
    char path[4096];
    size_t n;

    (void)snprintf(path, sizeof(path), "%s/%s", FUZZ_CORPUS, name);
    n = read_input(path);
    run(input, n);
    while (rounds-- > 0)
        mutate(n);
}

int main(int argc, char **argv)
{
    const char *set = getenv("FUZZ_ROUNDS");
    long rounds = set ? strtol(set, NULL, 10) : ROUNDS;
    char *name[FILES_MAX];
    int n;
    int i;

    (void)signal(SIGABRT, keep_mutant);
    (void)signal(SIGSEGV, keep_mutant);
    for (i = 1; i < argc; i++)
        run(input, read_input(argv[i]));
    if (argc > 1) return 0;
    n = list_corpus(name);
    for (i = 0; i < n; i++) {
        run_file(name[i], rounds);
        free(name[i]);
    }
    printf("%d files, %ld mutations of each\n", n, rounds);
    return n > 0 ? 0 : 1; /* nothing was tested: that is a failure */
}

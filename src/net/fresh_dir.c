/*
 * fresh_dir.c - what is in a directory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/fresh_dir.h"

#include "base/buf.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BYTES_MAX ((apr_size_t)SSO_FRESH_DIR_MAX * 512)

static apr_status_t fail_to(sso_ctx_t *cx, const char *what, const char *path, int error)
{
    char text[128];

    return sso_fail(cx, SSO_F_CONFIG, "cannot %s %s: %s", what, path,
                    apr_strerror(APR_FROM_OS_ERROR(error), text, sizeof(text)));
}

static int is_wanted(const char *name, const char *suffix)
{
    const apr_size_t n = strlen(name);
    const apr_size_t end = strlen(suffix);
    const char *c;

    for (c = name; *c; c++) {
        if (apr_iscntrl(*c)) return 0;
    }
    return *name != '.' && n > end && !strcmp(name + n - end, suffix);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Bounded before anything is sorted: who can write there decides how many there are. */
static apr_status_t list(sso_ctx_t *cx, DIR *dir, const char *path, const char *suffix,
                         apr_array_header_t *names)
{
    const struct dirent *entry;

    while ((entry = readdir(dir)) != NULL) {
        if (!is_wanted(entry->d_name, suffix)) continue;
        if (names->nelts == SSO_FRESH_DIR_MAX) {
            return sso_fail(cx, SSO_F_CONFIG, "%s holds more than %d files *%s", path,
                            SSO_FRESH_DIR_MAX, suffix);
        }
        APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(cx->pool, entry->d_name);
    }
    qsort(names->elts, (size_t)names->nelts, (size_t)names->elt_size, by_name);
    return APR_SUCCESS;
}

/* A file that goes between the list and this look is not there. */
static void mark(int dir, const char *name, sso_buf_t *names, sso_buf_t *marks)
{
    struct stat st;

    if (fstatat(dir, name, &st, 0) != 0 || !S_ISREG(st.st_mode)) return;
    sso_buf_format(names, "%s\n", name);
    sso_buf_format(marks,
                   "%s %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %" APR_INT64_T_FMT ".%09ld\n",
                   name, (apr_int64_t)st.st_ino, (apr_int64_t)st.st_size,
                   (apr_int64_t)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
}

static apr_status_t look(sso_ctx_t *cx, DIR *dir, const char *path, const char *suffix,
                         sso_fresh_dir_t *out)
{
    apr_array_header_t *found = apr_array_make(cx->pool, 16, sizeof(const char *));
    sso_buf_t names = sso_buf_make(cx->pool, 256, BYTES_MAX);
    sso_buf_t marks = sso_buf_make(cx->pool, 256, BYTES_MAX);
    apr_status_t rv = list(cx, dir, path, suffix, found);
    int i;

    if (rv != APR_SUCCESS) return rv;
    for (i = 0; i < found->nelts; i++)
        mark(dirfd(dir), APR_ARRAY_IDX(found, i, const char *), &names, &marks);
    if (names.n == 0) return sso_fail(cx, SSO_F_CONFIG, "%s holds no file *%s", path, suffix);
    if (names.full || marks.full) return sso_fail(cx, SSO_F_CONFIG, "%s: names too long", path);
    out->names = sso_buf_span(&names);
    out->marks = sso_buf_span(&marks);
    return APR_SUCCESS;
}

apr_status_t sso_fresh_dir_look(sso_ctx_t *cx, const char *path, const char *suffix,
                                sso_fresh_dir_t *out)
{
    DIR *dir = opendir(path);
    apr_status_t rv;

    if (!dir) return fail_to(cx, "open", path, errno);
    rv = look(cx, dir, path, suffix, out);
    (void)closedir(dir);
    return rv;
}

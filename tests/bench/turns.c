/*
 * turns.c - asks several servers in turns so short that whatever else the machine does meets all alike.
 *
 * Usage: turns ROUNDS REQUESTS PLACE...    PLACE: PORT:PATH:STATUS[:COOKIE-FILE]
 * A turn is REQUESTS answers over CONNECTIONS kept connections, one request at a time on each, with
 * the next cookie of the file each time. A round gives every place one turn: whoever had two would
 * find its memory nearer. Prints the microseconds of a thousand requests, a round a line; the first
 * round, which warms everybody up, is not printed. Stops at the first answer that is not of the place's
 * status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 16
#define ANSWER      65536 /* bytes of an answer, at most */
#define COOKIES     20000 /* of a file, at most */
#define LONGEST     3e5   /* microseconds of a turn: who is slow is asked less */

typedef struct {
    int fd;
    size_t have;   /* bytes of the answer so far */
    size_t length; /* of the whole answer; 0: its header has not ended */
    char answer[ANSWER + 1];
} connection_t;

typedef struct {
    int port;
    int status;
    char *path;
    char **requests; /* one for each cookie */
    size_t n_requests;
    size_t next;
    int poll;
    connection_t connections[CONNECTIONS];
} place_t;

static void stop(const place_t *place, const char *why)
{
    fprintf(stderr, "turns: %d%s: %s\n", place->port, place->path, why);
    exit(1);
}

static void *get(size_t bytes)
{
    void *got = calloc(1, bytes);

    if (!got) exit(1);
    return got;
}

static char *request_of(const place_t *place, const char *cookie)
{
    static const char form[] =
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/html\r\n%s%s%s\r\n";
    const char *name = cookie ? "Cookie: " : "", *end = cookie ? "\r\n" : "";
    size_t room = sizeof(form) + strlen(place->path) + (cookie ? strlen(cookie) : 0) + 32;
    char *request = get(room);

    if (!cookie) cookie = "";
    snprintf(request, room, form, place->path, place->port, name, cookie, end);
    return request;
}

static void read_cookies(place_t *place, const char *name)
{
    FILE *file = fopen(name, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    if (!file) stop(place, "no such file of cookies");
    while (place->n_requests < COOKIES && (n = getline(&line, &room, file)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        place->requests[place->n_requests++] = request_of(place, line);
    }
    free(line);
    fclose(file);
}

static int connect_to(const place_t *place)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)place->port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to))) stop(place, "does not listen");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

static place_t *place_of(char *said)
{
    place_t *place = get(sizeof(*place));
    char *rest = said;

    place->port = atoi(strsep(&rest, ":"));
    place->path = strsep(&rest, ":");
    if (!rest) stop(place, "PORT:PATH:STATUS[:COOKIE-FILE] is wanted");
    place->status = atoi(strsep(&rest, ":"));
    place->requests = get(COOKIES * sizeof(char *));
    if (rest) read_cookies(place, rest);
    if (!place->n_requests) place->requests[place->n_requests++] = request_of(place, NULL);
    place->poll = epoll_create1(0);
    for (int i = 0; i < CONNECTIONS; i++) {
        connection_t *c = &place->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};

        c->fd = connect_to(place);
        if (epoll_ctl(place->poll, EPOLL_CTL_ADD, c->fd, &event)) stop(place, "epoll");
    }
    return place;
}

static void ask(place_t *place, connection_t *c)
{
    const char *request = place->requests[place->next];
    size_t n = strlen(request);

    place->next = (place->next + 1) % place->n_requests;
    c->have = c->length = 0;
    if (write(c->fd, request, n) != (ssize_t)n) stop(place, "takes no request");
}

/* Only what says its length is understood: all that the benchmark asks for does. */
static size_t length_of(const place_t *place, connection_t *c)
{
    char *end = strstr(c->answer, "\r\n\r\n"), *length;

    if (!end) return 0;
    if (atoi(c->answer + sizeof("HTTP/1.1")) != place->status) stop(place, c->answer);
    *end = '\0';
    length = strcasestr(c->answer, "\r\nContent-Length:");
    if (!length) stop(place, c->answer);
    *end = '\r';
    return (size_t)(end + 4 - c->answer)
           + strtoul(length + sizeof("\r\nContent-Length:") - 1, NULL, 10);
}

/* Is the answer whole? */
static int take(const place_t *place, connection_t *c)
{
    ssize_t n = read(c->fd, c->answer + c->have, ANSWER - c->have);

    if (n <= 0) stop(place, n ? "cannot be read" : "closes the connection");
    c->have += (size_t)n;
    c->answer[c->have] = '\0';
    if (!c->length) c->length = length_of(place, c);
    return c->length && c->have >= c->length;
}

static double microseconds(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t)) exit(1);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double turn(place_t *place, int requests)
{
    struct epoll_event events[CONNECTIONS];
    double began = microseconds();
    int asked = 0, answered = 0;

    while (asked < CONNECTIONS && asked < requests)
        ask(place, &place->connections[asked++]);
    while (answered < requests) {
        int n = epoll_wait(place->poll, events, CONNECTIONS, 30000);

        if (n <= 0) stop(place, "hangs");
        for (int i = 0; i < n; i++) {
            if (!take(place, events[i].data.ptr)) continue;
            answered++;
            if (answered % CONNECTIONS == 0 && microseconds() - began > LONGEST) requests = asked;
            if (asked < requests && ++asked) ask(place, events[i].data.ptr);
        }
    }
    return (microseconds() - began) / answered * 1000;
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[1]) : 0, requests = argc > 3 ? atoi(argv[2]) : 0,
        n = argc - 3;
    place_t **places;

    if (rounds < 1 || requests < 1) return 2;
    places = get((size_t)n * sizeof(place_t *));
    for (int i = 0; i < n; i++)
        places[i] = place_of(argv[3 + i]);
    for (int round = 0; round <= rounds; round++)
        for (int i = 0; i < n; i++) {
            double it = turn(places[i], requests);

            if (round) printf("%.0f%c", it, i < n - 1 ? ' ' : '\n');
        }
    return 0;
}
